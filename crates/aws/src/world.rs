//! The inventory: everything that carries a stack's ownership tag.

use crate::call::GoneIsFine as _;
use crate::session::Aws;
use auroractl_core::identity::{NameRule, StackId};
use auroractl_core::tags::STACK;
use auroractl_engine::kind::Owned;
use auroractl_engine::{CallError, Class, World};
use aws_sdk_iam::types::Role;
use aws_sdk_resourcegroupstagging::types::TagFilter;
use futures::future::{BoxFuture, try_join_all};

impl World for Aws {
    fn inventory<'a>(&'a self, stack: &'a StackId) -> BoxFuture<'a, Result<Vec<Owned>, CallError>> {
        Box::pin(self.owned(&stack.name))
    }

    fn unlisted<'a>(&'a self, stack: &'a StackId) -> BoxFuture<'a, Result<Vec<Owned>, CallError>> {
        Box::pin(async move {
            match self.roles(stack).await {
                // Not everybody may list roles. Those that the stack wants are found by their names as well.
                Err(error) if error.class == Class::Denied => Ok(Vec::new()),
                roles => roles,
            }
        })
    }
}

/// Longest name of a role, and the name space that it lives in.
const ROLES: NameRule = NameRule::global(64);

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

    /// The stack's roles: the index of tags does not know IAM.
    async fn roles(&self, stack: &StackId) -> Result<Vec<Owned>, CallError> {
        let beginning = ROLES.beginning(&stack.name, &stack.region);
        let call = || {
            let pages = self.iam().list_roles().into_paginator().items();
            async move { pages.send().collect::<Result<Vec<_>, _>>().await }
        };
        let all = self.read("iam:ListRoles", call).await?;
        let named = all.iter().filter(|role| role.role_name().starts_with(&beginning));
        let owned = try_join_all(named.map(|role| self.role_with_tags(role))).await?;
        Ok(owned.into_iter().flatten().filter(|role| role.tags.get(STACK) == Some(&stack.name)).collect())
    }

    /// A list of roles tells no tags.
    async fn role_with_tags(&self, role: &Role) -> Result<Option<Owned>, CallError> {
        let call = || self.iam().list_role_tags().role_name(role.role_name()).send();
        let answer = self.read("iam:ListRoleTags", call).await.gone_is_fine()?;
        Ok(answer.map(|answer| Owned { arn: role.arn().to_owned(), tags: crate::tags::of_iam(answer.tags()) }))
    }
}
