//! Tags in each service's form.

use crate::session::Aws;
use auroractl_core::{Identity, Owner, Tags};
use auroractl_engine::{CallError, Class, Look};
use aws_sdk_ec2::types::{ResourceType, TagSpecification};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// All tags of a resource, ours and the user's.
pub type Map = BTreeMap<String, String>;

/// How the tags of a resource change. Removed first, then set: together both may be more than the 50 that a resource has,
/// and to IAM two keys that differ in their case are one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagEdit {
    /// To be set.
    pub set: Map,
    /// To be removed.
    pub unset: Vec<String>,
}

impl TagEdit {
    /// Is there nothing to do?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.set.is_empty() && self.unset.is_empty()
    }
}

/// The way from the observed to the wanted user tags. Ownership tags are set again where they are missing.
#[must_use]
pub fn edit(me: &Identity, owner: &Owner, from: &Tags, to: &Tags) -> TagEdit {
    let mut set: Map = to
        .iter()
        .filter(|(key, value)| from.get(*key) != Some(value))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    if !matches!(owner, Owner::Oid(oid) if *oid == me.oid) {
        set.extend(me.ownership());
    }
    TagEdit { set, unset: from.keys().filter(|key| !to.contains_key(*key)).cloned().collect() }
}

/// The tags of an EC2 create call: tags and object come to be together or not at all.
#[must_use]
pub fn ec2_spec(kind: ResourceType, me: &Identity, user: &Tags) -> TagSpecification {
    TagSpecification::builder().resource_type(kind).set_tags(Some(ec2(&me.with_tags(user)))).build()
}

/// EC2's form.
#[must_use]
pub fn ec2(tags: &Map) -> Vec<aws_sdk_ec2::types::Tag> {
    tags.iter().map(|(key, value)| aws_sdk_ec2::types::Tag::builder().key(key).value(value).build()).collect()
}

/// From EC2's form.
#[must_use]
pub fn of_ec2(tags: &[aws_sdk_ec2::types::Tag]) -> Map {
    tags.iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()))).collect()
}

/// RDS's form.
#[must_use]
pub fn rds(me: &Identity, user: &Tags) -> Vec<aws_sdk_rds::types::Tag> {
    rds_map(&me.with_tags(user))
}

fn rds_map(tags: &Map) -> Vec<aws_sdk_rds::types::Tag> {
    tags.iter().map(|(key, value)| aws_sdk_rds::types::Tag::builder().key(key).value(value).build()).collect()
}

/// From RDS's form.
#[must_use]
pub fn of_rds(tags: &[aws_sdk_rds::types::Tag]) -> Map {
    tags.iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()))).collect()
}

macro_rules! forms {
    ($($(#[$doc:meta])* $to:ident $map:ident $(#[$doc2:meta])* $from:ident $tag:ty, $key:ident $value:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// When the SDK refuses a tag without key or value, which ours are not.
        pub fn $to(me: &Identity, user: &Tags) -> Result<Vec<$tag>, CallError> {
            $map(&me.with_tags(user))
        }
        $(#[$doc])*
        ///
        /// # Errors
        /// When the SDK refuses a tag without key or value, which ours are not.
        pub fn $map(tags: &Map) -> Result<Vec<$tag>, CallError> {
            let made = tags.iter().map(|(key, value)| <$tag>::builder().$key(key).$value(value).build());
            made.collect::<Result<_, _>>().map_err(|error| CallError::new("tags", Class::Invalid, error.to_string()))
        }
        $(#[$doc2])*
        #[must_use]
        pub fn $from(tags: &[$tag]) -> Map {
            tags.iter().map(|tag| (tag.$key().to_owned(), tag.$value().to_owned())).collect()
        }
    )*};
}

forms! {
    /// KMS's form.
    kms kms_map
    /// From KMS's form.
    of_kms aws_sdk_kms::types::Tag, tag_key tag_value;
    /// IAM's form.
    iam iam_map
    /// From IAM's form.
    of_iam aws_sdk_iam::types::Tag, key value;
    /// SNS's form.
    sns sns_map
    /// From SNS's form.
    of_sns aws_sdk_sns::types::Tag, key value;
}

/// CloudWatch's form.
#[must_use]
pub fn cloudwatch(tags: &Map) -> Vec<aws_sdk_cloudwatch::types::Tag> {
    tags.iter().map(|(key, value)| aws_sdk_cloudwatch::types::Tag::builder().key(key).value(value).build()).collect()
}

/// From CloudWatch's form.
#[must_use]
pub fn of_cloudwatch(tags: &[aws_sdk_cloudwatch::types::Tag]) -> Map {
    tags.iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()))).collect()
}

impl Aws {
    /// All tags of a resource whose description does not list them.
    ///
    /// One `GetResources` per look tells the tags of all of the stack's resources. The index lags behind by minutes and
    /// keeps what is long gone, so it may confirm the `user`'s tags that are expected, and never deny them: what it does not
    /// know or knows otherwise is asked of the service itself. So is what this process has changed, and everything where
    /// the caller may not use the index. Without expectations the index is believed. A wait's look asks nobody: there
    /// the ownership tags are taken for granted.
    ///
    /// # Errors
    /// The service's.
    pub async fn tags_of(
        &self,
        look: &Look,
        (me, user): (&Identity, Option<&Tags>),
        arn: &str,
    ) -> Result<Map, CallError> {
        if !look.compares() {
            return Ok(me.ownership());
        }
        let service = arn.split(':').nth(2).unwrap_or_default();
        if self.has_retagged(service) {
            return self.asked_tags(service, arn).await;
        }
        let known = match self.tag_index(look, me).await {
            Ok(index) => index.get(arn).cloned(),
            Err(error) if error.class == Class::Credentials => return Err(error),
            Err(_) => None,
        };
        let expected = |tags: &Map| {
            user.is_none_or(|user| {
                Owner::of(tags) == Owner::Oid(me.oid.clone()) && auroractl_core::tags::user(tags) == *user
            })
        };
        match known.filter(expected) {
            Some(tags) => Ok(tags),
            None => self.asked_tags(service, arn).await,
        }
    }

    async fn tag_index(&self, look: &Look, me: &Identity) -> Result<Arc<BTreeMap<String, Map>>, CallError> {
        let query = format!("tagging:GetResources {} {}", self.region(), me.stack.name);
        look.once(&query, async {
            let owned = self.owned(&me.stack.name).await?;
            Ok(owned.into_iter().map(|object| (object.arn, object.tags)).collect::<BTreeMap<_, _>>())
        })
        .await
    }

    async fn asked_tags(&self, service: &str, arn: &str) -> Result<Map, CallError> {
        match service {
            "rds" => {
                let call = || self.rds().list_tags_for_resource().resource_name(arn).send();
                Ok(of_rds(self.read("rds:ListTagsForResource", call).await?.tag_list()))
            }
            "kms" => {
                let call = || self.kms().list_resource_tags().key_id(arn).send();
                Ok(of_kms(self.read("kms:ListResourceTags", call).await?.tags()))
            }
            "sns" => {
                let call = || self.sns().list_tags_for_resource().resource_arn(arn).send();
                Ok(of_sns(self.read("sns:ListTagsForResource", call).await?.tags()))
            }
            "cloudwatch" => {
                let call = || self.cloudwatch().list_tags_for_resource().resource_arn(arn).send();
                Ok(of_cloudwatch(self.read("cloudwatch:ListTagsForResource", call).await?.tags()))
            }
            "logs" => {
                let call = || self.logs().list_tags_for_resource().resource_arn(arn.trim_end_matches(":*")).send();
                let tags = self.read("logs:ListTagsForResource", call).await?.tags;
                Ok(tags.unwrap_or_default().into_iter().collect())
            }
            "application-autoscaling" => {
                let call = || self.autoscaling().list_tags_for_resource().resource_arn(arn).send();
                let tags = self.read("application-autoscaling:ListTagsForResource", call).await?.tags;
                Ok(tags.unwrap_or_default().into_iter().collect())
            }
            "backup" => {
                let call = || self.backup().list_tags().resource_arn(arn).send();
                let tags = self.read("backup:ListTags", call).await?.tags;
                Ok(tags.unwrap_or_default().into_iter().collect())
            }
            other => Err(CallError::new("tags", Class::Other, format!("no way to ask {other} for tags"))),
        }
    }

    /// Changes the tags of an EC2 object.
    ///
    /// # Errors
    /// The calls'.
    pub async fn retag_ec2(&self, id: &str, edit: &TagEdit) -> Result<(), CallError> {
        if !edit.unset.is_empty() {
            let keys: Vec<_> =
                edit.unset.iter().map(|key| aws_sdk_ec2::types::Tag::builder().key(key).build()).collect();
            let call = || self.ec2().delete_tags().resources(id).set_tags(Some(keys.clone())).send();
            self.write("ec2:DeleteTags", call).await?;
        }
        if !edit.set.is_empty() {
            let tags = ec2(&edit.set);
            let call = || self.ec2().create_tags().resources(id).set_tags(Some(tags.clone())).send();
            self.write("ec2:CreateTags", call).await?;
        }
        Ok(())
    }

    /// Changes the tags of an object of AWS Backup.
    ///
    /// # Errors
    /// The calls'.
    pub async fn retag_backup(&self, arn: &str, edit: &TagEdit) -> Result<(), CallError> {
        if !edit.unset.is_empty() {
            let call =
                || self.backup().untag_resource().resource_arn(arn).set_tag_key_list(Some(edit.unset.clone())).send();
            self.write("backup:UntagResource", call).await?;
        }
        if !edit.set.is_empty() {
            let tags: HashMap<String, String> = edit.set.clone().into_iter().collect();
            let call = || self.backup().tag_resource().resource_arn(arn).set_tags(Some(tags.clone())).send();
            self.write("backup:TagResource", call).await?;
        }
        Ok(())
    }

    /// Changes the tags of an RDS object.
    ///
    /// # Errors
    /// The calls'.
    pub async fn retag_rds(&self, arn: &str, edit: &TagEdit) -> Result<(), CallError> {
        if !edit.unset.is_empty() {
            let call = || {
                self.rds().remove_tags_from_resource().resource_name(arn).set_tag_keys(Some(edit.unset.clone())).send()
            };
            self.write("rds:RemoveTagsFromResource", call).await?;
        }
        if !edit.set.is_empty() {
            let tags = rds_map(&edit.set);
            let call = || self.rds().add_tags_to_resource().resource_name(arn).set_tags(Some(tags.clone())).send();
            self.write("rds:AddTagsToResource", call).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use auroractl_core::identity::StackId;

    fn me() -> Identity {
        let stack = StackId { name: "s".into(), account: "1".into(), region: "r".into() };
        Identity {
            stack,
            lineage: "l".into(),
            address: "vpc.main".parse().unwrap(),
            generation: 0,
            oid: "o".into(),
            name: String::new(),
        }
    }

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn only_what_differs_is_sent() {
        let edit = edit(
            &me(),
            &Owner::Oid("o".into()),
            &tags(&[("a", "1"), ("b", "1"), ("c", "1")]),
            &tags(&[("a", "1"), ("b", "2")]),
        );
        assert_eq!((edit.set, edit.unset), (tags(&[("b", "2")]), vec!["c".to_owned()]));
    }

    #[test]
    fn stripped_ownership_is_restored() {
        let edit = edit(&me(), &Owner::Untagged, &Tags::new(), &Tags::new());
        assert_eq!(edit.set, me().ownership());
    }
}
