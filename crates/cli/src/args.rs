//! The command line. Every flag has an `AURORACTL_*` variable, so that a CI job needs no wrapper.

mod state;

pub(crate) use state::{Keeper, Recover, State, StateVerb};

use crate::exit::Exit;
use crate::forecast::PARALLEL;
use auroractl_core::cost::Usd;
use clap::builder::{PathBufValueParser, TypedValueParser};
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// Names standard output where a file could be named.
pub(crate) const STDOUT: &str = "-";

/// The file that `apply` takes, where all others take stack files alone.
const APPLIED: &str =
    "The stack file, or a plan that `plan --out FILE` saved; not needed where there is only one stack file";

/// Provisions Aurora PostgreSQL and everything around it, straight through the AWS SDK.
#[derive(Debug, Parser)]
#[command(name = "auroractl", version, about, max_term_width = 100, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Cli {
    /// The command line with the table of exit codes in its long help and manual page.
    pub(crate) fn described() -> clap::Command {
        let row = |exit: &Exit| format!("  {:>3}  {}\n", exit.code(), exit.meaning());
        let table: String = Exit::ALL.iter().map(row).collect();
        let apply = |apply: clap::Command| apply.mut_arg("stack", |stack| stack.help(APPLIED));
        Self::command().mut_subcommand("apply", apply).after_long_help(format!("Exit codes:\n{table}"))
    }

    /// Reads the arguments of the process.
    pub(crate) fn read() -> Result<Self, clap::Error> {
        Self::described().try_get_matches().and_then(|matches| Self::from_arg_matches(&matches))
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write a first stack file from a blueprint.
    Init(Init),
    /// Check a stack file; no AWS call.
    Validate(Validate),
    /// Check a stack against the design rules.
    Check(Check),
    /// List the design rules, explain one, test rules of your own.
    Rules(Rules),
    /// Show what apply would do, and what users of the database would feel.
    Plan(Plan),
    /// Rehearse apply in virtual time: what starts when, and who waits for whom.
    Rehearse(Rehearse),
    /// Show what the stack costs in a month, line by line; no AWS call.
    Cost(Cost),
    /// Do it: what the stack file asks for, or exactly what a saved plan says.
    Apply(Apply),
    /// Delete everything the state knows.
    Destroy(Destroy),
    /// Tell how the database is, and compare AWS with what was last applied (drift).
    Status(Status),
    /// Print the stack's results: endpoints, secret, identifiers.
    Output(Output),
    /// Print the dependency graph; no AWS call.
    Graph(Graph),
    /// Write the desired resources for other programs; no AWS call.
    Export(Export),
    /// Look into the state, or mend it.
    State(State),
    /// Print the JSON Schema of stack files, for editors, or of what a command answers with `--json`.
    Schema {
        /// Of what.
        #[arg(value_enum, default_value = "stack", env = "AURORACTL_SCHEMA_OF")]
        of: SchemaOf,
    },
    /// Print a shell's completions.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    Man,
}

/// What there is a schema of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    /// Stack files.
    Stack,
    /// The answer of `check --json`.
    Check,
}

/// Which stack, and where its state lives.
#[derive(Clone, Debug, Args)]
pub(crate) struct Target {
    /// The stack file; not needed where there is only one.
    #[arg(env = "AURORACTL_STACK", value_name = "STACK_FILE")]
    pub(crate) stack: Option<PathBuf>,
    /// Folder of the states. Default: `state/` in the nearest folder above the stack file that has one.
    #[arg(long, env = "AURORACTL_STATE_DIR", value_name = "DIR")]
    pub(crate) state_dir: Option<PathBuf>,
    /// Print one JSON document (or JSON lines of events) on stdout.
    #[arg(long, env = "AURORACTL_JSON")]
    pub(crate) json: bool,
}

/// Who talks to AWS. For commands on a local state that need no AWS it counts for nothing.
#[derive(Clone, Debug, Args)]
pub(crate) struct Login {
    /// Named profile of the AWS configuration.
    #[arg(long, env = "AURORACTL_PROFILE", value_name = "NAME")]
    pub(crate) profile: Option<String>,
    #[command(flatten)]
    pub(crate) manner: Manner,
}

/// How to talk to AWS, whoever does.
#[derive(Clone, Debug, Args)]
pub(crate) struct Manner {
    /// Role to assume after the standard credential chain.
    #[arg(long, env = "AURORACTL_ASSUME_ROLE", value_name = "ARN")]
    pub(crate) assume_role: Option<String>,
    /// Write every AWS call to this file as JSON lines, without secrets.
    #[arg(long, env = "AURORACTL_TRACE_FILE", value_name = "FILE")]
    pub(crate) trace_file: Option<PathBuf>,
    /// Speeds up every wait, for tests against an emulator.
    #[arg(long, env = "AURORACTL_TIME_SCALE", default_value_t = 1.0, hide = true)]
    pub(crate) time_scale: f64,
}

/// How to look at AWS.
#[derive(Clone, Debug, Args)]
pub(crate) struct Access {
    #[command(flatten)]
    pub(crate) login: Login,
    /// Look at AWS first. `false` plans on the state alone.
    #[arg(long, env = "AURORACTL_REFRESH", default_value_t = true, action = clap::ArgAction::Set, value_name = "BOOL")]
    pub(crate) refresh: bool,
}

/// How to run.
#[derive(Clone, Debug, Args)]
pub(crate) struct Running {
    /// Do not ask.
    #[arg(long, short = 'y', env = "AURORACTL_AUTO_APPROVE")]
    pub(crate) auto_approve: bool,
    /// How many calls may be in flight at once.
    #[arg(long, env = "AURORACTL_PARALLEL", default_value_t = PARALLEL, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) parallel: u16,
    /// Stop waiting after this time (`90s`, `45m`, `2h`); AWS goes on, and the next run resumes.
    #[arg(long, env = "AURORACTL_TIMEOUT", value_name = "TIME", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,
    /// Write a report of the run to this file: one page, predicted beside measured, however the run ends.
    #[arg(long, env = "AURORACTL_APPLY_HTML", value_name = "FILE", value_parser = to_file())]
    pub(crate) html: Option<PathBuf>,
}

/// Permissions that a plan needs spelled out.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Permits {
    /// Permit the deletion of this data-bearing resource; may be given several times.
    #[arg(long, env = "AURORACTL_ALLOW_DELETE", value_name = "ADDRESS", value_delimiter = ',')]
    pub(crate) allow_delete: Vec<String>,
}

/// Limits that a plan must keep.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Budget {
    /// Stop where the plan may make the stack dearer by more than this, in US dollars a month (`+100`): at the load that section
    /// `cost` states, and at the dearest one where it states none.
    #[arg(long, env = "AURORACTL_MAX_COST", value_name = "USD", value_parser = dollars, allow_hyphen_values = true)]
    pub(crate) max_cost: Option<Usd>,
    /// Stop where the writer may be unavailable for longer than this in all (`30s`, `5m`), by the p95 of the plan: while it runs,
    /// and in the maintenance window of what it leaves to it.
    #[arg(long, env = "AURORACTL_MAX_DOWNTIME", value_name = "TIME", value_parser = duration)]
    pub(crate) max_downtime: Option<Duration>,
}

/// What a plan is made for, by whoever shows it.
#[derive(Debug, Args)]
pub(crate) struct Asked {
    #[command(flatten)]
    pub(crate) target: Target,
    #[command(flatten)]
    pub(crate) access: Access,
    #[command(flatten)]
    pub(crate) permits: Permits,
    /// As if the stack were to be destroyed.
    #[arg(long, env = "AURORACTL_PLAN_DESTROY")]
    pub(crate) destroy: bool,
}

/// `rehearse`.
#[derive(Debug, Args)]
pub(crate) struct Rehearse {
    #[command(flatten)]
    pub(crate) asked: Asked,
    /// How many calls may be in flight at once; several numbers are compared (`4,16,64`).
    #[arg(long, env = "AURORACTL_REHEARSE_PARALLEL", default_values_t = [PARALLEL], value_name = "N", value_delimiter = ',', value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) parallel: Vec<u16>,
}

/// `cost`.
#[derive(Debug, Args)]
pub(crate) struct Cost {
    #[command(flatten)]
    pub(crate) target: Target,
}

/// `init`.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Which blueprint.
    #[arg(value_enum, default_value = "dev")]
    pub(crate) blueprint: Blueprint,
    /// The file to write.
    #[arg(long, short, default_value = "stacks/main.toml", env = "AURORACTL_INIT_FILE")]
    pub(crate) file: PathBuf,
}

/// A first stack file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Blueprint {
    /// Three AZs, writer and readers, alarms: the whole picture.
    Prod,
    /// Serverless v2, small, may be destroyed with its data.
    Dev,
    /// Into a VPC that exists.
    ExistingVpc,
}

/// `validate`.
#[derive(Debug, Args)]
pub(crate) struct Validate {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Print every setting with its value, and whether the file or a default gave it.
    #[arg(long, env = "AURORACTL_EXPLAIN")]
    pub(crate) explain: bool,
}

/// `check`.
#[derive(Debug, Args)]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) target: Target,
    /// How strictly: `prod`, `staging`, `dev` or `critical`. Default: by the stack's environment.
    #[arg(long, value_enum, env = "AURORACTL_POLICY_PROFILE", value_name = "PROFILE")]
    pub(crate) profile: Option<Strictness>,
    /// Check what AWS has, not what the stack wants.
    #[arg(long, env = "AURORACTL_LIVE")]
    pub(crate) live: bool,
    /// How to print.
    #[arg(long, value_enum, default_value = "human", env = "AURORACTL_CHECK_FORMAT")]
    pub(crate) format: CheckFormat,
    /// Print the decision record of the stack's waivers instead.
    #[arg(long, env = "AURORACTL_ADR")]
    pub(crate) adr: bool,
    /// Named profile of the AWS configuration: `--profile` is the rules'.
    #[arg(long, env = "AURORACTL_PROFILE", value_name = "NAME")]
    pub(crate) aws_profile: Option<String>,
    #[command(flatten)]
    pub(crate) manner: Manner,
}

impl Check {
    /// Who talks to AWS.
    pub(crate) fn login(&self) -> Login {
        Login { profile: self.aws_profile.clone(), manner: self.manner.clone() }
    }
}

/// How strictly a stack is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Strictness {
    /// Production.
    Prod,
    /// Staging.
    Staging,
    /// Development.
    Dev,
    /// Production that the business can't be without: should rules block, too.
    Critical,
}

/// How to print findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckFormat {
    /// For people, with the lines of the stack file.
    Human,
    /// One JSON document; the same as `--json`.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// A comment for a pull request.
    Markdown,
}

/// `rules`.
#[derive(Debug, Args)]
pub(crate) struct Rules {
    #[command(subcommand)]
    pub(crate) verb: RulesVerb,
}

/// What to do with the rules.
#[derive(Debug, Subcommand)]
pub(crate) enum RulesVerb {
    /// List all rules.
    List {
        /// Print one JSON document.
        #[arg(long, env = "AURORACTL_JSON")]
        json: bool,
    },
    /// Explain one rule.
    Explain {
        /// Its code, for example `RULE-003`.
        code: String,
    },
    /// Run the tests of Rego files in a folder.
    Test {
        /// The folder.
        #[arg(default_value = "policies")]
        dir: PathBuf,
    },
    /// Print the reference page of the rules, as Markdown.
    Docs,
}

/// `plan`.
#[derive(Debug, Args)]
pub(crate) struct Plan {
    #[command(flatten)]
    pub(crate) asked: Asked,
    #[command(flatten)]
    pub(crate) budget: Budget,
    /// Exit with 2 when there are changes.
    #[arg(long, env = "AURORACTL_DETAILED_EXITCODE")]
    pub(crate) detailed_exitcode: bool,
    /// Save the plan for `apply FILE`; none is saved of a plan that is refused or over its budget.
    #[arg(long, env = "AURORACTL_OUT", value_name = "FILE", value_parser = to_file())]
    pub(crate) out: Option<PathBuf>,
    /// Write a report for a change request to this file: one page that needs nothing beside it.
    #[arg(long, env = "AURORACTL_HTML", value_name = "FILE", value_parser = to_file())]
    pub(crate) html: Option<PathBuf>,
    /// Print the plan as Markdown for a pull request, or write it to a file: `--markdown=FILE`.
    #[arg(long, env = "AURORACTL_MARKDOWN", value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = STDOUT)]
    pub(crate) markdown: Option<PathBuf>,
    /// Show unchanged resources too.
    #[arg(long, env = "AURORACTL_ALL")]
    pub(crate) all: bool,
}

/// `apply`.
#[derive(Debug, Args)]
pub(crate) struct Apply {
    #[command(flatten)]
    pub(crate) target: Target,
    #[command(flatten)]
    pub(crate) access: Access,
    #[command(flatten)]
    pub(crate) permits: Permits,
    #[command(flatten)]
    pub(crate) budget: Budget,
    #[command(flatten)]
    pub(crate) running: Running,
    /// Apply exactly this saved plan, or refuse if the world has changed since.
    #[arg(long, env = "AURORACTL_PLAN", value_name = "FILE")]
    pub(crate) plan: Option<PathBuf>,
}

/// `destroy`.
#[derive(Debug, Args)]
pub(crate) struct Destroy {
    #[command(flatten)]
    pub(crate) target: Target,
    #[command(flatten)]
    pub(crate) access: Access,
    #[command(flatten)]
    pub(crate) permits: Permits,
    #[command(flatten)]
    pub(crate) running: Running,
}

/// `status`.
#[derive(Debug, Args)]
pub(crate) struct Status {
    #[command(flatten)]
    pub(crate) target: Target,
    #[command(flatten)]
    pub(crate) access: Access,
}

/// `output`.
#[derive(Debug, Args)]
pub(crate) struct Output {
    #[command(flatten)]
    pub(crate) target: Target,
    #[command(flatten)]
    pub(crate) login: Login,
    /// How to print.
    #[arg(long, value_enum, default_value = "table", env = "AURORACTL_FORMAT")]
    pub(crate) format: OutputFormat,
    /// Print the value of one output alone.
    #[arg(long, value_name = "NAME", env = "AURORACTL_OUTPUT_NAME")]
    pub(crate) name: Option<String>,
}

/// How to print outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// For people.
    Table,
    /// One JSON object.
    Json,
    /// `AURORA_NAME='value'` lines for `set -a; . FILE`.
    Dotenv,
}

/// `graph`.
#[derive(Debug, Args)]
pub(crate) struct Graph {
    #[command(flatten)]
    pub(crate) target: Target,
    /// How to print.
    #[arg(long, value_enum, default_value = "dot", env = "AURORACTL_GRAPH_FORMAT")]
    pub(crate) format: GraphFormat,
}

/// How to print the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum GraphFormat {
    /// Graphviz.
    Dot,
    /// Mermaid, for Markdown.
    Mermaid,
    /// A picture, laid out from left to right.
    Svg,
}

/// `export`.
#[derive(Debug, Args)]
pub(crate) struct Export {
    #[command(subcommand)]
    pub(crate) form: ExportForm,
}

/// In which form.
#[derive(Debug, Subcommand)]
pub(crate) enum ExportForm {
    /// A Terraform plan document, for scanners that read one: Checkov, Trivy.
    TerraformPlan {
        #[command(flatten)]
        target: Target,
        /// Write it to this file instead of stdout.
        #[arg(long, env = "AURORACTL_EXPORT_OUT", value_name = "FILE", value_parser = to_file())]
        out: Option<PathBuf>,
    },
}

/// A path to write to. Standard output is none: a file of that name would surprise whoever meant it.
fn to_file() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path: PathBuf| {
        if path.to_str() == Some(STDOUT) {
            return Err(format!("this is written to files only: name one instead of `{STDOUT}`"));
        }
        Ok(path)
    })
}

/// Reads `90s`, `45m`, `2h`, `1h30m`.
fn duration(text: &str) -> Result<Duration, String> {
    let span: jiff::SignedDuration =
        text.parse().map_err(|_| format!("`{text}` is no duration: write `90s`, `45m`, `1h30m`"))?;
    Duration::try_from(span).map_err(|_| format!("`{text}` is negative"))
}

/// Reads `+100`, `100`, `-25.50`, with a dollar sign or without.
fn dollars(text: &str) -> Result<Usd, String> {
    let (sign, rest) = match text.split_at_checked(1) {
        Some(("+", rest)) => (1.0, rest),
        Some(("-", rest)) => (-1.0, rest),
        _ => (1.0, text),
    };
    let digits = rest.strip_prefix('$').unwrap_or(rest);
    let plain = digits.chars().all(|c| c.is_ascii_digit() || c == '.') && digits.len() <= 12;
    let amount = digits.parse::<f64>().ok().filter(|_| plain);
    amount
        .map(|amount| Usd::dollars(sign * amount))
        .ok_or_else(|| format!("`{text}` is no amount: write `+100` or `99.50`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::described().debug_assert();
    }

    #[test]
    fn apply_says_that_it_takes_saved_plans() {
        let command = Cli::described();
        let told = |name: &str| {
            let mut arguments = command.find_subcommand(name).unwrap().get_arguments();
            arguments.find(|arg| arg.get_id() == "stack").unwrap().get_help().unwrap().to_string()
        };
        assert!(told("apply").contains("`plan --out FILE` saved") && !told("plan").contains("saved"));
    }

    #[test]
    fn what_is_a_file_is_not_printed() {
        let read =
            |arguments: &[&str]| Cli::command().try_get_matches_from(arguments).map_err(|error| error.to_string());
        for arguments in [["plan", "--html", "-"], ["plan", "--out", "-"], ["apply", "--html", "-"]] {
            let error = read(&[&["auroractl"][..], &arguments[..]].concat()).unwrap_err();
            assert!(error.contains("name one instead of `-`"), "{error}");
        }
        assert!(read(&["auroractl", "plan", "--markdown=-", "--html", "page.html"]).is_ok());
    }

    #[test]
    fn durations() {
        assert_eq!(duration("1h30m").unwrap(), Duration::from_secs(5400));
        assert_eq!(duration("90s").unwrap(), Duration::from_secs(90));
        assert!(duration("soon").is_err() && duration("-5s").is_err());
    }

    #[test]
    fn amounts() {
        assert_eq!(dollars("+100").unwrap(), Usd(100_000_000));
        assert_eq!(dollars("-$25.50").unwrap(), Usd(-25_500_000));
        for text in ["", "+", "1e9", "inf", "NaN", "12 USD", "--1", "1.2.3"] {
            assert!(dollars(text).is_err(), "{text}");
        }
    }

    #[test]
    fn every_flag_has_a_variable() {
        let command = Cli::command();
        let mut open: Vec<_> = command.get_subcommands().collect();
        while let Some(sub) = open.pop() {
            open.extend(sub.get_subcommands());
            for arg in
                sub.get_arguments().filter(|arg| arg.get_long().is_some_and(|long| long != "help" && long != "version"))
            {
                let variable = arg.get_env().and_then(|name| name.to_str()).unwrap_or_default();
                assert!(variable.starts_with("AURORACTL_"), "{} --{}", sub.get_name(), arg.get_id());
            }
        }
    }
}
