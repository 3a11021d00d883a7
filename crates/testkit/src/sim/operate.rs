//! What the operations do to the world: the writer's role moves, members catch up, clusters are paused and resumed.

use super::effect::{RESTART, touched};
use super::kinds::Spec;
use super::log::{Deed, Touched};
use super::world::{Inner, Object, World};
use auroractl_core::state::Verb;
use auroractl_core::{Identity, Readiness};
use auroractl_engine::{CallError, Class, Order};
use std::time::Duration;

const OPERATE: &str = "sim:Operate";
/// A member can't be begun with before this time.
const LATE: Duration = Duration::from_secs(5);

/// Begins an operation. With a member it can't be begun at once, and what was begun first comes to nothing.
pub(super) async fn operate<R: Spec>(w: &World, me: &Identity, order: &Order<R>) -> Result<Readiness, CallError> {
    match order.verb {
        Verb::Settle | Verb::Restart if order.elapsed < LATE => Err(CallError::not_begun(OPERATE, "not yet")),
        Verb::Settle | Verb::Restart => Ok(Readiness::Pending("catching up".to_owned())),
        Verb::Failover | Verb::Failback => {
            w.write(Deed::Operate, me, |inner| fail_over(inner, me, order.target.as_deref())).await?;
            Ok(Readiness::Pending("failing over".to_owned()))
        }
        verb => {
            let (deed, paused) = if verb == Verb::Resume { (Deed::Resume, false) } else { (Deed::Operate, true) };
            w.write(deed, me, |inner| pause(inner, me, paused)).await?;
            Ok(Readiness::Ready)
        }
    }
}

/// How far it is.
pub(super) async fn progress<R: Spec>(w: &World, order: &Order<R>) -> Result<Readiness, CallError> {
    if matches!(order.verb, Verb::Settle | Verb::Restart) && order.begun < 2 {
        return Err(CallError::not_begun(OPERATE, "it has come to nothing"));
    }
    let id = order.on.outputs.id.as_str();
    w.read(|inner| {
        let now = inner.now;
        let Some(object) = inner.objects.get(id) else { return Readiness::Failed("it is gone".to_owned()) };
        if !matches!(order.verb, Verb::Failover | Verb::Failback) {
            return object.readiness(now);
        }
        let members = || inner.objects.values().filter(|other| other.parent.as_deref() == Some(id));
        let writes = members().any(|other| other.writer && Some(other.name.as_str()) == order.target.as_deref());
        let away = members().any(|other| other.ready > now && other.served);
        if writes && !away { Readiness::Ready } else { Readiness::Pending("failing over".to_owned()) }
    })
    .await
}

fn refused(class: Class, why: &str) -> CallError {
    CallError::new(OPERATE, class, why)
}

fn home(inner: &Inner, me: &Identity) -> Result<Object, CallError> {
    let named = |object: &&Object| object.kind == me.address.kind() && object.name == me.name;
    inner.objects.values().find(named).cloned().ok_or_else(|| refused(Class::Gone, "there is none"))
}

fn fail_over(inner: &mut Inner, me: &Identity, target: Option<&str>) -> Result<((), Touched), CallError> {
    let home = home(inner, me)?;
    let member = |object: &&Object| object.parent.as_ref() == Some(&home.id) && object.leaving.is_none();
    let heir = inner.objects.values().filter(member).find(|object| Some(object.name.as_str()) == target).cloned();
    let Some(heir) = heir.filter(|heir| heir.readiness(inner.now) == Readiness::Ready) else {
        return Err(refused(Class::Conflict, "nobody can take over"));
    };
    let touched = Touched { heir: Some(heir.id.clone()), ..touched(inner, &home) };
    let now = inner.now;
    for other in inner.objects.values_mut().filter(|other| other.parent.as_ref() == Some(&home.id)) {
        if other.writer && other.id != heir.id {
            other.ready = other.ready.max(now + RESTART);
        }
        other.writer = other.id == heir.id;
    }
    Ok(((), touched))
}

fn pause(inner: &mut Inner, me: &Identity, paused: bool) -> Result<((), Touched), CallError> {
    let home = home(inner, me)?;
    let touched = touched(inner, &home);
    if let Some(object) = inner.objects.get_mut(&home.id) {
        object.paused = paused;
    }
    Ok(((), touched))
}
