//! One abstract kind per adoption class. They differ in nothing but how the world tells a second create from a first.

use super::world::{HORIZON, Inner, Object, World};
use auroractl_core::identity::NameRule;
use auroractl_core::ids::VpcId;
use auroractl_core::model::{Adoption, Exports, Group, Model, ReplaceOrder, Timing};
use auroractl_core::{Diff, Identity, Impact, Input, Level, Naming, Of, Owner};
use auroractl_engine::{Ask, CallError, Class, Done, Ending, Found, Kind, Look, Past, Resource, Seen};
use serde::{Deserialize, Serialize};

/// What a stack wants of any of these kinds.
pub trait Spec: Model<Outputs = Outputs> + Exports<VpcId> {
    /// Makes one.
    fn make(parent: Option<Input<VpcId>>, size: u32, shape: u32) -> Self;
    /// Its parts.
    fn parts(&self) -> (&Option<Input<VpcId>>, u32, u32);
}

/// What an object exports. A VPC id stands for any id here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outputs {
    /// The world's id.
    pub id: VpcId,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident $kind:literal $adoption:ident $order:ident $naming:expr;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
            pub struct $name {
                parent: Option<Input<VpcId>>,
                size: u32,
                shape: u32,
            }

            impl Spec for $name {
                fn make(parent: Option<Input<VpcId>>, size: u32, shape: u32) -> Self {
                    Self { parent, size, shape }
                }
                fn parts(&self) -> (&Option<Input<VpcId>>, u32, u32) {
                    (&self.parent, self.size, self.shape)
                }
            }

            impl Exports<VpcId> for $name {
                const OUTPUT: &'static str = "id";
            }

            impl Model for $name {
                const KIND: &'static str = $kind;
                const GROUP: Group = Group::Network;
                const ADOPTION: Adoption = Adoption::$adoption;
                const REPLACE: ReplaceOrder = ReplaceOrder::$order;
                const TIMING: Timing = Timing {
                    timeout: 3600.0, horizon: HORIZON.as_secs() as f32, stable: 1,
                };
                type Outputs = Outputs;

                fn naming(&self) -> Naming {
                    $naming
                }

                fn diff(old: &Self, new: &Self, d: &mut Diff<'_>) {
                    let Self { parent, size, shape } = new;
                    d.field("parent", &old.parent, parent, Impact::REPLACE)
                        .field("size", &old.size, size, Impact::NONE)
                        .field("shape", &old.shape, shape, Impact::new(Level::Replace, "simulated"));
                }
            }

            impl Resource<World> for $name {
                async fn survey(w: &World, _: &Look, asks: &[Ask<Self>]) -> Result<Vec<Seen<Self>>, CallError> {
                    survey(w, asks).await
                }
                async fn create(w: &World, me: &Identity, spec: &Self) -> Result<Done<Self>, CallError> {
                    create(w, me, spec).await
                }
                async fn update(w: &World, _: &Identity, from: &Found<Self>, to: &Self) -> Result<Done<Self>, CallError> {
                    update(w, &from.outputs, to).await?;
                    Ok(Done::ready(from.outputs.clone()))
                }
                async fn delete(w: &World, _: &Identity, past: &Past<Self>) -> Result<Ending, CallError> {
                    delete(w, &past.outputs).await
                }
            }
        )*

        /// The kinds.
        pub const KINDS: &[&dyn Kind<World>] = &[$(&Of::<$name>::NEW),*];
    };
}

kinds! {
    /// The client names it.
    Named "named" Named CreateFirst Naming::Derived(NameRule::regional(60));
    /// The create takes a token.
    Token "token" Token CreateFirst Naming::Server;
    /// One of its shape per parent.
    Guard "guard" Guard DeleteFirst Naming::Server;
    /// Nothing tells a second from a first.
    Untokened "untokened" Untokened CreateFirst Naming::Server;
    /// An edge: no tags.
    Relation "relation" Relation DeleteFirst Naming::Server;
    /// A put.
    Upsert "upsert" Upsert CreateFirst Naming::Derived(NameRule::regional(60));
}

fn parent_of<R: Spec>(spec: &R) -> Option<String> {
    spec.parts().0.as_ref().and_then(Input::known).map(ToString::to_string)
}

/// Is this the object that the ask means, by all that could be known after a crash?
fn meant<R: Spec>(object: &Object, ask: &Ask<R>) -> bool {
    if object.kind != R::KIND {
        return false;
    }
    match (&ask.outputs, R::ADOPTION) {
        (Some(outputs), _) => object.id == outputs.id.as_str(),
        (None, Adoption::Relation) => object.parent == parent_of(&ask.spec) && object.shape == ask.spec.parts().2,
        (None, _) => object.oid == ask.identity.oid,
    }
}

async fn survey<R: Spec>(w: &World, asks: &[Ask<R>]) -> Result<Vec<Seen<R>>, CallError> {
    w.read("sim:Describe", |inner| {
        let now = inner.now;
        let answer = |ask: &Ask<R>| {
            let object = inner.shown().find(|object| meant(object, ask));
            object.map_or(Seen::Absent, |object| found(object, now).into())
        };
        Ok(asks.iter().map(answer).collect())
    })
    .await
}

fn found<R: Spec>(object: &Object, now: std::time::Duration) -> Found<R> {
    let parent = object.parent.as_deref().map(|id| Input::Value(VpcId::from(id)));
    let owner = if R::ADOPTION == Adoption::Relation { Owner::Inherited } else { Owner::Oid(object.oid.clone()) };
    let outputs = Outputs { id: object.id.as_str().into() };
    Found {
        readiness: object.readiness(now),
        ..Found::ready(R::make(parent, object.size, object.shape), outputs, owner)
    }
}

async fn create<R: Spec>(w: &World, me: &Identity, spec: &R) -> Result<Done<R>, CallError> {
    let (_, size, shape) = spec.parts();
    let parent = parent_of(spec);
    let oid = if R::ADOPTION == Adoption::Relation { String::new() } else { me.oid.clone() };
    let draft = Object {
        name: me.name.clone(),
        token: me.token().to_owned(),
        oid,
        parent,
        size,
        shape,
        ..Object::draft(R::KIND)
    };
    let id = w
        .write("sim:Create", |inner| {
            if let Some(parent) = &draft.parent
                && !inner.objects.contains_key(parent)
            {
                return Err(CallError::new("sim:Create", Class::Invalid, format!("there is no {parent}")));
            }
            admit(inner, &draft, R::ADOPTION)
        })
        .await?;
    Ok(Done::pending(Outputs { id: id.into() }))
}

/// What the world does with a create, by class.
fn admit(inner: &mut Inner, draft: &Object, adoption: Adoption) -> Result<String, CallError> {
    let mut same = inner.objects.values().filter(|object| object.kind == draft.kind);
    let twin = match adoption {
        Adoption::Named | Adoption::Upsert => same.find(|object| object.name == draft.name),
        Adoption::Token => same.find(|object| object.token == draft.token),
        Adoption::Guard | Adoption::Relation => {
            same.find(|object| object.parent == draft.parent && object.shape == draft.shape)
        }
        Adoption::Untokened => None,
    };
    match (twin.map(|twin| twin.id.clone()), adoption) {
        (None, _) => Ok(inner.make(draft.clone())),
        (Some(id), Adoption::Token)
            if inner.objects.get(&id).is_some_and(|twin| twin.size == draft.size && twin.shape == draft.shape) =>
        {
            Ok(id)
        }
        (Some(id), Adoption::Upsert) => {
            if let Some(twin) = inner.objects.get_mut(&id) {
                (twin.size, twin.shape) = (draft.size, draft.shape);
            }
            Ok(id)
        }
        (Some(_), _) => Err(CallError::new("sim:Create", Class::Exists, "there is one")),
    }
}

async fn update<R: Spec>(w: &World, at: &Outputs, to: &R) -> Result<(), CallError> {
    let size = to.parts().1;
    w.write("sim:Modify", |inner| match inner.objects.get_mut(at.id.as_str()) {
        Some(object) => {
            object.size = size;
            Ok(())
        }
        None => Err(CallError::new("sim:Modify", Class::Gone, "there is none")),
    })
    .await
}

async fn delete(w: &World, at: &Outputs) -> Result<Ending, CallError> {
    w.write("sim:Delete", |inner| {
        if inner.objects.values().any(|object| object.parent.as_deref() == Some(at.id.as_str())) {
            return Err(CallError::new("sim:Delete", Class::Conflict, "it is in use"));
        }
        inner.objects.remove(at.id.as_str());
        Ok(Ending::Gone)
    })
    .await
}
