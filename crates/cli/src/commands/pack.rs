//! `ganglion pack`: writing, checking, testing and comparing packs.

mod install;
mod lang;
mod new;
mod schema;

use crate::scenario::{self, Report};
use anyhow::Context as _;
use clap::{Args, Subcommand};
use ganglion_model::{Lang, Model};
use ganglion_pack::{Finding, Findings, Severity, compile_folders, said};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Arguments of `ganglion pack`.
#[derive(Args)]
pub struct PackArgs {
    /// Language of findings, zh-CN or en; without it that of the terminal.
    #[arg(long, global = true, value_name = "LANG", value_parser = lang::parse)]
    lang: Option<Lang>,
    #[command(subcommand)]
    command: PackCommand,
}

#[derive(Subcommand)]
enum PackCommand {
    /// Writes a small working pack that checks clean and tests green.
    #[command(after_help = "Examples:\n  ganglion pack new packs/flood_watch\n  \
        ganglion pack new packs/pumps --from register\n\nTemplates: `request` (a request is settled in time and checked by \
        somebody else) and `register` (a ledger with two-person changes). Nothing is overwritten.")]
    New {
        /// Folder to make; its last part is the pack's name.
        #[arg(value_name = "DIR")]
        dir: PathBuf,
        /// Template to start from.
        #[arg(long, value_name = "TEMPLATE", default_value = "request")]
        from: String,
    },
    /// Reads packs and prints every finding with file, line, column and remedy.
    #[command(after_help = "Examples:\n  ganglion pack check packs/*\n  \
        ganglion pack check --json packs/*\n\nA pack that another one requires is read too, if it lies beside it. \
        Ends with 1 if there is an error; warnings do not count.")]
    Check {
        /// Folders of packs that are installed together.
        #[arg(required = true, value_name = "DIR")]
        dirs: Vec<PathBuf>,
        /// Print the findings as a JSON list.
        #[arg(long)]
        json: bool,
    },
    /// Prints a document of a pack with made-up values, to see what its template looks like.
    #[command(after_help = "Example: ganglion pack print packs/flood appointment_letter letter.pdf")]
    Print {
        /// Folder of the pack.
        #[arg(value_name = "DIR")]
        dir: PathBuf,
        /// The document.
        document: String,
        /// Where the PDF goes.
        #[arg(value_name = "FILE")]
        to: PathBuf,
    },
    /// Runs the scenarios in the `tests` folders of packs, in memory, with the clock they set.
    #[command(after_help = "Examples:\n  ganglion pack test packs/*\n  \
        ganglion pack test packs/* --only \"returned twice\"\n\nHow scenarios are written is in \
        docs/packs/language.md. Ends with 1 if one fails.")]
    Test {
        /// Folders of packs that are installed together.
        #[arg(required = true, value_name = "DIR")]
        dirs: Vec<PathBuf>,
        /// Only scenarios whose file or heading contains this.
        #[arg(long, value_name = "TEXT")]
        only: Option<String>,
    },
    /// Says in plain words what changes from one version of a pack to another; `!` marks what needs care.
    #[command(after_help = "Example:\n  ganglion pack diff packs/flood ../changed/flood\n\nPacks that are \
        required are read from beside each folder. Ends with 1 if either has errors.")]
    Diff {
        /// Folder of the version in use.
        old: PathBuf,
        /// Folder of the version to come.
        new: PathBuf,
        /// Print the differences as a JSON list.
        #[arg(long)]
        json: bool,
    },
    /// Installs packs on a running server or into the folder of an installation, after everything was looked at.
    #[command(
        after_help = "Examples:\n  GANGLION_PASSWORD=… ganglion pack install packs/flood --server http://127.0.0.1:8080 \
        --account admin\n  ganglion pack install packs/flood --data /var/lib/ganglion --dry-run\n\nEnds with 1 when findings \
        or rows are in the way; nothing is changed then."
    )]
    Install {
        /// Folders of packs to put in place.
        #[arg(required = true, value_name = "DIR")]
        dirs: Vec<PathBuf>,
        #[command(flatten)]
        target: install::Target,
        /// Only say what would happen.
        #[arg(long)]
        dry_run: bool,
    },
    /// Does the last cases of an installation again by a draft: where they would go, when they would fall due.
    #[command(after_help = "Example: ganglion pack replay packs/flood --days 90 --data /var/lib/ganglion")]
    Replay {
        /// Folders of packs with the draft.
        #[arg(required = true, value_name = "DIR")]
        dirs: Vec<PathBuf>,
        /// How far to look back.
        #[arg(long, default_value_t = 90)]
        days: u32,
        #[command(flatten)]
        target: install::Target,
    },
    /// Writes a handbook of packs for people, as Markdown with state diagrams: one file a language.
    #[command(after_help = "Example: ganglion pack docs packs/flood --out docs")]
    Docs {
        /// Folders of packs.
        #[arg(required = true, value_name = "DIR")]
        dirs: Vec<PathBuf>,
        /// Folder the files are written to.
        #[arg(long, value_name = "FOLDER", default_value = ".")]
        out: PathBuf,
    },
    /// Says what packs ask of villages: minutes a form, times how often, times how many.
    #[command(
        after_help = "Example: ganglion pack burden packs/flood --places 690\n\nHow often is `yearly` of pack.yaml; \
        processes that villages open count as once a month without it."
    )]
    Burden {
        /// Folders of packs.
        #[arg(required = true, value_name = "DIR")]
        dirs: Vec<PathBuf>,
        /// How many villages.
        #[arg(long, default_value_t = 1)]
        places: u32,
    },
    /// Prints JSON Schemas for the files of a pack, made from what the compiler reads.
    #[command(
        after_help = "Examples:\n  ganglion pack schema --out .schemas\n  ganglion pack schema | jq .processes\n\n\
        Then begin a file with `# yaml-language-server: $schema=../../.schemas/processes.schema.json`. Packs that are \
        named are used as further samples."
    )]
    Schema {
        /// Folders of packs whose ways of writing are taken in too.
        #[arg(value_name = "DIR")]
        dirs: Vec<PathBuf>,
        /// Write one file a schema into this folder.
        #[arg(long, value_name = "FOLDER")]
        out: Option<PathBuf>,
    },
}

/// Runs the command.
///
/// # Errors
/// When a folder cannot be read, or nothing can be printed.
pub fn run(args: &PackArgs) -> anyhow::Result<ExitCode> {
    let lang = lang::of(args.lang);
    match &args.command {
        PackCommand::New { dir, from } => {
            let written = new::write(dir, from)?;
            let lines: String = written.iter().map(|path| format!("{}\n", path.display())).collect();
            let dir = dir.display();
            say(&format!("{lines}next: ganglion pack check {dir} && ganglion pack test {dir}\n"))?;
            Ok(ExitCode::SUCCESS)
        }
        PackCommand::Install { dirs, target, dry_run } => {
            let (text, good) = install::run(dirs, target, *dry_run, lang)?;
            say(&text)?;
            Ok(exit(good))
        }
        PackCommand::Replay { dirs, days, target } => {
            say(&install::replay(dirs, target, *days)?)?;
            Ok(ExitCode::SUCCESS)
        }
        PackCommand::Docs { dirs, out } => docs(dirs, out, lang),
        PackCommand::Burden { dirs, places } => burden(dirs, *places, lang),
        PackCommand::Diff { old, new, json } => diff((old, new), *json, lang),
        PackCommand::Schema { dirs, out } => {
            say(&schema::run(dirs, out.as_deref())?)?;
            Ok(ExitCode::SUCCESS)
        }
        PackCommand::Check { dirs, json } => {
            let (model, mut findings) = compiled(dirs)?;
            findings.0.extend(model.iter().flat_map(ganglion_server::check_templates).map(finding));
            say(&if *json { as_json(&findings.told(lang))? } else { findings.render_in(lang) })?;
            Ok(exit(findings.errors() == 0))
        }
        PackCommand::Print { dir, document, to } => {
            let (model, findings) = compiled(std::slice::from_ref(dir))?;
            let Some(model) = model else {
                say(&findings.render_in(lang))?;
                return Ok(ExitCode::FAILURE);
            };
            let press = ganglion_server::Press::default();
            let sheet = ganglion_server::sample_sheet(&press, &Arc::new(model), document, 0);
            let sheet =
                sheet.with_context(|| format!("{} declares no document or bulletin {document}", dir.display()))?;
            std::fs::write(to, press.print_here(&sheet)?).with_context(|| format!("cannot write {}", to.display()))?;
            Ok(ExitCode::SUCCESS)
        }
        PackCommand::Test { dirs, only } => {
            let (model, findings) = compiled(dirs)?;
            let Some(model) = model else {
                say(&findings.render_in(lang))?;
                return Ok(ExitCode::FAILURE);
            };
            let (text, failed) = tested(&Arc::new(model), dirs, only.as_deref())?;
            say(&text)?;
            Ok(exit(failed == 0))
        }
    }
}

fn names(dirs: &[PathBuf]) -> Vec<String> {
    dirs.iter().filter_map(|dir| dir.canonicalize().ok()?.file_name()?.to_str().map(str::to_owned)).collect()
}

fn docs(dirs: &[PathBuf], out: &Path, lang: Lang) -> anyhow::Result<ExitCode> {
    let (model, findings) = compiled(dirs)?;
    let Some(model) = model else {
        say(&findings.render_in(lang))?;
        return Ok(ExitCode::FAILURE);
    };
    std::fs::create_dir_all(out).with_context(|| format!("making {}", out.display()))?;
    for name in names(dirs) {
        for of_page in [Lang::Zh, Lang::En] {
            let Some(page) = ganglion_server::handbook(&model, &name, of_page)? else { continue };
            let path = out.join(format!("{name}.{}.md", of_page.as_str()));
            std::fs::write(&path, page).with_context(|| format!("writing {}", path.display()))?;
            say(&format!("{}\n", path.display()))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn burden(dirs: &[PathBuf], places: u32, lang: Lang) -> anyhow::Result<ExitCode> {
    let (model, findings) = compiled(dirs)?;
    let Some(model) = model else {
        say(&findings.render_in(lang))?;
        return Ok(ExitCode::FAILURE);
    };
    let all: Vec<_> = names(dirs).iter().flat_map(|name| ganglion_pack::burden(&model, name, places)).collect();
    let nothing = match lang {
        Lang::Zh => "不需要村里填报\n",
        Lang::En => "nothing is asked of villages\n",
    };
    say(&if all.is_empty() { nothing.to_owned() } else { burden_text(&model, &all, lang) })?;
    Ok(ExitCode::SUCCESS)
}

/// What packs ask of villages, one process a line.
fn burden_text(model: &Model, all: &[ganglion_pack::Burden], lang: Lang) -> String {
    let line = |one: &ganglion_pack::Burden| {
        let ganglion_pack::Burden { process, fields, yearly, places, hours, .. } = one;
        let minutes = one.seconds.div_ceil(60);
        let title = model.processes.get(process).map_or(process.as_str(), |process| process.title.zh.as_str());
        match lang {
            Lang::Zh => format!(
                "{title} {process}：每件 {minutes} 分钟（{fields} 项），每村每年 {yearly} 件，{places} 个村：全年 {hours} 小时\n"
            ),
            Lang::En => format!(
                "{process}: {minutes} minutes a case ({fields} fields), {yearly} a year, {places} villages: {hours} hours a year\n"
            ),
        }
    };
    all.iter().map(line).collect()
}

fn diff((old, new): (&Path, &Path), json: bool, lang: Lang) -> anyhow::Result<ExitCode> {
    let mut models = Vec::new();
    for dir in [old, new] {
        match compiled(&[dir.to_owned()])? {
            (Some(model), _) => models.push(model),
            (None, findings) => {
                say(&findings.render_in(lang))?;
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    let found = ganglion_pack::diff(&models[0], &models[1]);
    let lines = || found.iter().map(|one| one.told(lang) + "\n").collect::<String>();
    let text = match (json, found.is_empty()) {
        (true, _) => serde_json::to_string_pretty(&found)? + "\n",
        (false, true) => said("nothing changes", lang) + "\n",
        (false, false) => lines() + &said(&format!("{} differences", found.len()), lang) + "\n",
    };
    say(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// What is wrong with a template, as a finding among the others.
fn finding(of: ganglion_server::TemplateFinding) -> Finding {
    Finding {
        file: of.file,
        line: of.line,
        column: of.column,
        severity: Severity::Error,
        code: "bad-template",
        message: of.message,
        remedy: of.remedy,
        source: of.source,
    }
}

fn exit(good: bool) -> ExitCode {
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn say(text: &str) -> anyhow::Result<()> {
    std::io::stdout().write_all(text.as_bytes()).context("cannot print")
}

fn compiled(dirs: &[PathBuf]) -> anyhow::Result<(Option<Model>, Findings)> {
    let mut all: Vec<PathBuf> = Vec::new();
    for dir in dirs {
        anyhow::ensure!(dir.is_dir(), "{} is not a folder", dir.display());
        with_required(dir, &mut all);
    }
    compile_folders(&all).context("cannot read the packs")
}

/// Adds `dir` after the packs it requires, as far as they lie beside it; the compiler reports those that do not.
fn with_required(dir: &Path, into: &mut Vec<PathBuf>) {
    let same = |one: &PathBuf| one.canonicalize().ok() == dir.canonicalize().ok();
    if into.iter().any(same) {
        return;
    }
    // Placed first so that packs that require each other end; moved behind what it requires afterwards.
    into.push(dir.to_owned());
    let header = std::fs::read_to_string(dir.join("pack.yaml")).unwrap_or_default();
    let required = serde_saphyr::from_str::<Header>(&header).map(|header| header.requires).unwrap_or_default();
    for name in required {
        let beside = dir.canonicalize().ok().and_then(|dir| Some(dir.parent()?.join(&name)));
        if let Some(beside) = beside.filter(|beside| beside.join("pack.yaml").is_file()) {
            with_required(&shown_beside(dir, &name).unwrap_or(beside), into);
        }
    }
    if let Some(at) = into.iter().position(|one| one == dir) {
        let dir = into.remove(at);
        into.push(dir);
    }
}

/// The neighbour's path in the words the author used, so that findings name files as the author knows them.
fn shown_beside(dir: &Path, name: &str) -> Option<PathBuf> {
    dir.file_name()?;
    dir.parent().filter(|parent| !parent.as_os_str().is_empty()).map(|parent| parent.join(name))
}

#[derive(serde::Deserialize)]
struct Header {
    #[serde(default)]
    requires: Vec<String>,
}

fn as_json(findings: &Findings) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(findings)? + "\n")
}

/// Runs the scenarios of `dirs`; the text to print and how many failed.
fn tested(model: &Arc<Model>, dirs: &[PathBuf], only: Option<&str>) -> anyhow::Result<(String, usize)> {
    let (mut text, mut passed, mut failed) = (String::new(), 0, 0);
    let mut taken = BTreeSet::new();
    for dir in dirs {
        for file in files(dir)? {
            let source = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
            let name = file.display().to_string();
            let wanted = |report: &&Report| only.is_none_or(|only| name.contains(only) || report.title.contains(only));
            for report in scenario::run_file(model, &source).iter().filter(wanted) {
                taken.extend(report.taken.iter().cloned());
                if report.findings.is_empty() {
                    passed += 1;
                    continue;
                }
                failed += 1;
                for finding in &report.findings {
                    let _ = writeln!(text, "{name}:{}: {}", finding.line, report.title);
                    let _ = writeln!(text, "  expected  {}\n  found     {}\n", finding.expected, finding.found);
                }
            }
        }
    }
    if only.is_none() {
        untaken(model, dirs, &taken, &mut text);
    }
    let _ = writeln!(text, "{passed} passed, {failed} failed");
    Ok((text, failed))
}

/// Names the actions of the packs in `dirs` that no scenario takes.
fn untaken(model: &Model, dirs: &[PathBuf], taken: &BTreeSet<(String, String, String)>, text: &mut String) {
    let packs: Vec<&str> = dirs.iter().filter_map(|dir| dir.file_name()?.to_str()).collect();
    for process in model.processes.values().filter(|process| packs.contains(&process.pack.as_str())) {
        let actions = process.state_order.iter().filter_map(|state| process.states.get(state));
        let actions = actions.flat_map(|state| state.actions.iter().map(move |action| (&state.name, &action.name)));
        let is_missing = |(state, action): &(&String, &String)| {
            !taken.contains(&(process.name.clone(), (*state).clone(), (*action).clone()))
        };
        let missing: Vec<String> =
            actions.filter(is_missing).map(|(state, action)| format!("{state}/{action}")).collect();
        if !missing.is_empty() {
            let _ = writeln!(text, "no scenario takes, in {}: {}\n", process.name, missing.join(", "));
        }
    }
}

/// Scenario files of a pack, by name.
fn files(dir: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let tests = dir.join("tests");
    if !tests.is_dir() {
        return Ok(Vec::new());
    }
    let mut files: Vec<PathBuf> = std::fs::read_dir(&tests)
        .with_context(|| format!("cannot read {}", tests.display()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    files.sort();
    Ok(files)
}
