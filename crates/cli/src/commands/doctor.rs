//! `ganglion doctor`: examines an installation and says what to do.

use crate::city::home;
use crate::database::DatabaseArgs;
use crate::doctor::{Examined, Finding, Grade, examine};
use crate::system::Machine;
use anyhow::Result;
use clap::Args;
use ganglion_kernel::commit::WallClock as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `ganglion doctor`.
#[derive(Args)]
#[command(after_help = "Example: ganglion doctor --data /var/lib/ganglion
Ends with 1 when something is broken, with 0 when all is well or somebody should only look.")]
pub struct DoctorArgs {
    /// Folder of the installation; the server may run meanwhile. Run it as the server's user.
    #[arg(long, env = "GANGLION_DATA")]
    data: PathBuf,
    /// Goes through every journal line, counter and index and plays the journal again, instead of a sample; needs as much
    /// room in the folder for temporary files as the database takes.
    #[arg(long)]
    whole: bool,
    /// Prints the findings as JSON.
    #[arg(long)]
    json: bool,
    /// Folder that holds `data/` and `packs/`.
    #[arg(long, env = "GANGLION_HOME")]
    home: Option<PathBuf>,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Examines and prints.
///
/// # Errors
/// When the findings cannot be printed; what is broken in the installation is a finding.
pub fn run(args: &DoctorArgs) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let examined = Examined {
        data: args.data.clone(),
        database: args.database.clone(),
        home: home(args.home.as_deref()),
        whole: args.whole,
        now: Machine::new().now(),
    };
    let findings = runtime.block_on(examine(&examined));
    if args.json {
        crate::out(&serde_json::to_string_pretty(&findings)?);
    } else {
        findings.iter().for_each(print);
    }
    let is_broken = findings.iter().any(|one| one.grade == Grade::Bad);
    Ok(if is_broken { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn print(finding: &Finding) {
    let word = match finding.grade {
        Grade::Ok => "ok  ",
        Grade::Warn => "LOOK",
        Grade::Bad => "BAD ",
    };
    crate::out(&format!("{word} {:<16} {}", finding.check, finding.found));
    if !finding.remedy.is_empty() {
        crate::out(&format!("{:21} to do: {}", "", finding.remedy));
    }
}
