//! What the calls of the abstract kinds do to the world.

use super::kinds::{Outputs, Parts, Spec, has_name};
use super::log::{Deed, Touched};
use super::mutants::Lapse;
use super::object::SNAPSHOT;
use super::world::{Inner, Object, World};
use auroractl_core::model::Adoption;
use auroractl_core::{Identity, Input, Owner, Readiness};
use auroractl_engine::{Ask, CallError, Class, Done, Ending, Found, Past, Seen};
use std::time::Duration;

/// How long a member is away when its size changes.
pub(super) const RESTART: Duration = Duration::from_secs(20);
/// How long clusters and their members take to go.
const FAREWELL: Duration = Duration::from_secs(15);

fn parent_of(parts: &Parts) -> Option<String> {
    parts.parent.as_ref().and_then(Input::known).map(ToString::to_string)
}

/// Is this the object that the ask means, by all that could be known after a crash?
fn meant<R: Spec>(object: &Object, ask: &Ask<R>) -> bool {
    if object.kind != R::KIND {
        return false;
    }
    let parts = ask.spec.parts();
    match (&ask.outputs, R::ADOPTION) {
        _ if has_name(R::KIND) => object.name == ask.identity.name,
        (Some(outputs), _) => object.id == outputs.id.as_str(),
        (None, Adoption::Relation) => object.parent == parent_of(parts) && object.shape == parts.shape,
        (None, _) => object.oid == ask.identity.oid,
    }
}

/// A read.
pub(super) async fn survey<R: Spec>(w: &World, asks: &[Ask<R>]) -> Result<Vec<Seen<R>>, CallError> {
    let lapse = w.lapse();
    w.read(|inner| {
        let (now, shown) = (inner.now, inner.shown());
        let answer = |ask: &Ask<R>| {
            let object = shown.iter().find(|object| meant(object, ask));
            object.map_or(Seen::Absent, |object| found(object, ask, (now, lapse)).into())
        };
        asks.iter().map(answer).collect()
    })
    .await
}

fn found<R: Spec>(object: &Object, ask: &Ask<R>, (now, lapse): (Duration, Option<Lapse>)) -> Found<R> {
    let parent = object.parent.as_deref().map(|id| Input::Value(id.into()));
    let owner = match R::ADOPTION {
        _ if lapse == Some(Lapse::StrangersAreOurs) => Owner::Oid(ask.identity.oid.clone()),
        Adoption::Relation => Owner::Inherited,
        _ if object.oid.is_empty() => Owner::Untagged,
        _ => Owner::Oid(object.oid.clone()),
    };
    // The label is a name that the answer spells as it was asked for.
    let paused = object.paused && lapse != Some(Lapse::PauseForgotten);
    let mut parts = Parts { parent, label: ask.spec.parts().label, size: object.size, shape: object.shape, paused };
    if lapse == Some(Lapse::NoDiffAfterAdoption) && ask.outputs.is_none() {
        parts = ask.spec.parts().clone();
    }
    let readiness = match object.readiness(now) {
        Readiness::Failed(_) if lapse == Some(Lapse::FailureIsReady) => Readiness::Ready,
        readiness => readiness,
    };
    let outputs = Outputs { id: object.id.as_str().into(), writer: object.writer };
    let incarnation = has_name(R::KIND).then(|| object.id.clone());
    Found { readiness, incarnation, ..Found::ready(R::make(parts), outputs, owner) }
}

/// A create; of some kinds with a second call behind.
pub(super) async fn create<R: Spec>(w: &World, me: &Identity, spec: &R) -> Result<Done<R>, CallError> {
    let lapse = w.lapse();
    let draft = draft(me, spec, lapse);
    let object = w
        .write(Deed::Create, me, |inner| {
            if let Some(parent) = draft.parent.as_ref().and_then(|id| inner.objects.get(id)) {
                if parent.visible > inner.now {
                    return Err(CallError::new("sim:Create", Class::NotYet, "its parent is not visible yet"));
                }
            } else if let Some(parent) = &draft.parent {
                return Err(CallError::new("sim:Create", Class::Invalid, format!("there is no {parent}")));
            }
            match admit(inner, &draft, R::ADOPTION) {
                Err(error) if error.class == Class::Exists && lapse == Some(Lapse::ExistsIsSuccess) => {
                    let twin = inner.objects.values().find(|object| object.name == draft.name).cloned();
                    twin.map(|twin| (twin.clone(), touched(inner, &twin))).ok_or(error)
                }
                answer => answer,
            }
        })
        .await?;
    let outputs = Outputs { id: object.id.as_str().into(), writer: object.writer };
    let mut done = Done::pending(outputs.clone());
    done.incarnation = has_name(R::KIND).then(|| object.id.clone());
    if lapse == Some(Lapse::TagsComeLater) && R::ADOPTION != Adoption::Relation {
        tag(w, me, &object.id).await.map_err(CallError::half_done)?;
    }
    if R::TWO_CALLS {
        change(w, me, (R::KIND, &outputs), spec.parts().size).await.map_err(CallError::half_done)?;
    }
    Ok(done)
}

fn draft<R: Spec>(me: &Identity, spec: &R, lapse: Option<Lapse>) -> Object {
    let parts = spec.parts();
    let untagged = R::ADOPTION == Adoption::Relation || lapse == Some(Lapse::TagsComeLater);
    let token = match lapse {
        Some(Lapse::RandomToken) => fastrand::u64(..).to_string(),
        _ => me.token().to_owned(),
    };
    Object {
        name: me.name.clone(),
        token,
        oid: if untagged { String::new() } else { me.oid.clone() },
        parent: parent_of(parts),
        size: if R::TWO_CALLS { 0 } else { parts.size },
        shape: parts.shape,
        ..Object::draft(R::KIND)
    }
}

/// What the world does with a create, by class.
fn admit(inner: &mut Inner, draft: &Object, adoption: Adoption) -> Result<(Object, Touched), CallError> {
    let exists = || Err(CallError::new("sim:Create", Class::Exists, "there is one"));
    let mut same = inner.objects.values().filter(|object| object.kind == draft.kind);
    let twin = match adoption {
        Adoption::Named | Adoption::Upsert => same.find(|object| object.name == draft.name),
        Adoption::Token => same.find(|object| object.token == draft.token),
        Adoption::Guard | Adoption::Relation => {
            same.find(|object| object.parent == draft.parent && object.shape == draft.shape)
        }
        Adoption::Untokened => None,
    };
    let twin = twin.cloned();
    match (twin, adoption) {
        (None, Adoption::Token) if inner.tombs.contains_key(&draft.token) => {
            let dead = Object { id: inner.tombs.get(&draft.token).cloned().unwrap_or_default(), ..draft.clone() };
            let touched = Touched { made: true, ..touched(inner, &dead) };
            Ok((dead, touched))
        }
        (None, _) => {
            let id = inner.make(draft.clone());
            let object = inner.objects.get(&id).cloned().unwrap_or_else(|| draft.clone());
            let touched = Touched { made: true, tagged: !object.oid.is_empty(), ..touched(inner, &object) };
            Ok((object, touched))
        }
        (Some(twin), Adoption::Token) if (twin.size, twin.shape) == (draft.size, draft.shape) => {
            let touched = Touched { tagged: true, ..touched(inner, &twin) };
            Ok((twin, touched))
        }
        (Some(twin), Adoption::Upsert) => {
            let before = Touched { tagged: true, ..touched(inner, &twin) };
            if let Some(twin) = inner.objects.get_mut(&twin.id) {
                (twin.size, twin.shape) = (draft.size, draft.shape);
            }
            Ok((twin, before))
        }
        (Some(_), _) => exists(),
    }
}

/// What there is to say about an object that a call acts on.
pub(super) fn touched(inner: &Inner, object: &Object) -> Touched {
    let mine = |other: &&Object| !object.oid.is_empty() && other.oid == object.oid && other.leaving.is_none();
    let down = |other: &&Object| {
        other.kind == object.kind
            && other.parent == object.parent
            && other.id != object.id
            && other.ready > inner.now
            && other.served
    };
    Touched {
        id: object.id.clone(),
        kind: object.kind,
        token: object.token.clone(),
        foreign: object.foreign,
        twins: inner.objects.values().filter(mine).count(),
        ended: inner.ended.contains(&object.oid),
        served: object.served && object.leaving.is_none(),
        users: inner.objects.values().filter(|other| other.parent.as_ref() == Some(&object.id)).count(),
        down: inner.objects.values().filter(down).count(),
        tagged: true,
        ..Touched::default()
    }
}

/// The object that an edit or a delete of this kind hits.
fn target(inner: &Inner, me: &Identity, at: (&str, &Outputs)) -> Option<Object> {
    let (kind, outputs) = at;
    let named = |object: &&Object| object.kind == kind && object.name == me.name;
    let hit = if has_name(kind) { inner.objects.values().find(named) } else { inner.objects.get(outputs.id.as_str()) };
    hit.cloned()
}

/// An edit.
pub(super) async fn update<R: Spec>(w: &World, me: &Identity, at: &Outputs, to: &R) -> Result<Done<R>, CallError> {
    change(w, me, (R::KIND, at), to.parts().size).await?;
    let done = if R::KIND == "db_instance" { Done::pending(at.clone()) } else { Done::ready(at.clone()) };
    Ok(done)
}

async fn change(w: &World, me: &Identity, at: (&'static str, &Outputs), size: u32) -> Result<(), CallError> {
    w.write(Deed::Update, me, |inner| {
        let Some(object) = target(inner, me, at) else {
            return Err(CallError::new("sim:Modify", Class::Gone, "there is none"));
        };
        let touched = touched(inner, &object);
        let now = inner.now;
        if let Some(object) = inner.objects.get_mut(&object.id) {
            if object.kind == "db_instance" && object.size != size {
                object.ready = object.ready.max(now + RESTART);
            }
            object.size = size;
            object.paused = false;
        }
        Ok(((), touched))
    })
    .await
}

/// What [`Lapse::TagsComeLater`] does behind a create.
async fn tag(w: &World, me: &Identity, id: &str) -> Result<(), CallError> {
    w.write(Deed::Update, me, |inner| {
        let Some(object) = inner.objects.get_mut(id) else {
            return Err(CallError::new("sim:Tag", Class::Gone, "there is none"));
        };
        object.oid.clone_from(&me.oid);
        let object = object.clone();
        Ok(((), touched(inner, &object)))
    })
    .await
}

/// What a key's deletion would make unreadable.
pub(super) async fn needed(w: &World, at: &Outputs) -> Result<Option<String>, CallError> {
    if w.lapse() == Some(Lapse::NeedNotAsked) {
        return Ok(None);
    }
    w.read(|inner| {
        let of = |object: &&Object| object.kind == SNAPSHOT && object.parent.as_deref() == Some(at.id.as_str());
        let left = inner.objects.values().find(of).map(|object| object.id.clone());
        if left.is_some() {
            inner.log.count("kept", "a key that a snapshot needs");
        }
        left
    })
    .await
}

/// A delete.
pub(super) async fn delete<R: Spec>(w: &World, me: &Identity, past: &Past<R>) -> Result<Ending, CallError> {
    w.write(Deed::Delete, me, |inner| {
        let Some(object) = target(inner, me, (R::KIND, &past.outputs)) else {
            return Ok((Ending::Unknown, Touched { tagged: true, ..Touched::default() }));
        };
        let touched = touched(inner, &object);
        if touched.users > 0 && R::KIND != "kms_key" {
            return Err(CallError::new("sim:Delete", Class::InUse, "it is in use"));
        }
        if !R::KIND.starts_with("db_") {
            inner.remove(&object.id);
            return Ok((Ending::Gone, touched));
        }
        let at = inner.now + FAREWELL;
        if object.kind == "db_cluster" && object.leaving.is_none() && object.parent.is_some() {
            let id = inner.fresh(SNAPSHOT);
            let left = Object { id: id.clone(), parent: object.parent.clone(), ..Object::draft(SNAPSHOT) };
            inner.objects.insert(id, left);
        }
        if let Some(object) = inner.objects.get_mut(&object.id) {
            object.leaving.get_or_insert(at);
        }
        Ok((Ending::Going, touched))
    })
    .await
}
