//! Parameters that the catalogue has no sure word on, against AWS's own lists.

use super::{Answer, Subject};
use crate::checks::parameters::explain;
use crate::config::Params;
use crate::diagnostics::Problem;
use crate::path::Path;
use auroractl_engine::CallError;
use auroractl_params::catalogue::Scope;
use auroractl_params::preflight::{Want, check};

pub(super) fn run<'a>(subject: &'a Subject<'a>) -> Answer<'a> {
    Box::pin(ask(subject))
}

async fn ask(subject: &Subject<'_>) -> Result<Vec<Problem>, CallError> {
    let findings = check(subject.aws, &Want::of(subject.plan, subject.graph)).await?;
    let params = &subject.loaded.config.params;
    Ok(findings.iter().filter_map(|finding| explain(&finding.problem, &path(params, &finding.want))).collect())
}

/// Where the stack file sets a parameter. Groups have names in lower case, which the file need not have.
fn path(params: &Params, want: &Want) -> Path {
    let list = match want.scope {
        Scope::Cluster => &params.cluster,
        Scope::Instance => &params.instance,
    };
    let said = list.keys().find(|name| name.trim().eq_ignore_ascii_case(&want.name)).unwrap_or(&want.name);
    Path::of("params").key(want.scope.to_string()).key(said.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ParamValue;

    #[test]
    fn a_parameter_is_found_however_the_file_spells_it() {
        let instance = [("APG_New.Thing".to_owned(), ParamValue("1".to_owned()))].into();
        let params = Params { instance, ..Params::default() };
        let at = |scope| {
            let (family, name, value) = ("aurora-postgresql16".into(), "apg_new.thing".into(), "1".into());
            path(&params, &Want { scope, family, name, value }).to_string()
        };
        assert_eq!(at(Scope::Instance), "params.instance.\"APG_New.Thing\"");
        assert_eq!(at(Scope::Cluster), "params.cluster.\"apg_new.thing\"");
    }
}
