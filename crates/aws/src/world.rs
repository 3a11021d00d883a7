//! The inventory: everything that carries a stack's ownership tag.

use crate::session::Aws;
use auroractl_core::identity::StackId;
use auroractl_core::tags::STACK;
use auroractl_engine::kind::Owned;
use auroractl_engine::{CallError, World};
use aws_sdk_resourcegroupstagging::types::TagFilter;
use futures::future::BoxFuture;

impl World for Aws {
    fn inventory<'a>(&'a self, stack: &'a StackId) -> BoxFuture<'a, Result<Vec<Owned>, CallError>> {
        Box::pin(self.owned(&stack.name))
    }
}

impl Aws {
    /// Everything that carries the stack's ownership tag, with all its tags. The index of tags lags behind the services
    /// by up to minutes: what is missing here may exist.
    ///
    /// # Errors
    /// The call's.
    pub async fn owned(&self, stack: &str) -> Result<Vec<Owned>, CallError> {
        let filter = TagFilter::builder().key(STACK).values(stack).build();
        let call = || {
            let pages = self.tagging().get_resources().tag_filters(filter.clone()).into_paginator().items();
            async move { pages.send().collect::<Result<Vec<_>, _>>().await }
        };
        let found = self.read("tagging:GetResources", call).await?;
        Ok(found
            .into_iter()
            .filter_map(|object| {
                let tags = object.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect();
                Some(Owned { arn: object.resource_arn?, tags })
            })
            .collect())
    }
}
