//! Signing as a witness (c2sp.org/tlog-cosignature): only what continues what was signed before, and the new state is kept before
//! the signature leaves the machine.

use super::copy::{open, put};
use super::remote::Remote;
use super::{grown, signed};
use crate::system::{Machine, write_private};
use anyhow::{Context as _, Result, bail, ensure};
use ganglion_kernel::commit::WallClock as _;
use ganglion_kernel::tlog::proof::root;
use ganglion_kernel::tlog::{Checkpoint, KeyKind, Note, SigningKey, VerifyKey};
use hyper::Method;
use std::io::ErrorKind;
use std::path::Path;
use std::process::ExitCode;

/// Who signs.
pub struct Witness<'a> {
    /// Folder with its key and what it has seen.
    pub state: &'a Path,
    /// Its name.
    pub name: &'a str,
    /// Whether the signature is sent to the log's server.
    pub publish: bool,
}

/// Looks at the newest checkpoint of a log and signs it.
///
/// # Errors
/// When something cannot be read or sent. A log that was rewritten is said, and ends with 1.
pub fn run(log: &str, key: &VerifyKey, witness: &Witness<'_>) -> Result<ExitCode> {
    let mut source = open(log)?;
    let (mut note, now) = signed(source.as_mut(), key)?;
    std::fs::create_dir_all(witness.state).with_context(|| format!("making {}", witness.state.display()))?;
    let own = own_key(witness)?;
    let file = witness.state.join(format!("{}.checkpoint", key.name.replace('/', "_")));
    let holds = match seen(&file, key)? {
        Some(before) => grown(source.as_mut(), &before, &now)?.1,
        None => root(source.as_mut(), now.size)? == now.root,
    };
    if !holds {
        crate::out(&format!(
            "{}: not signed: {} entries are not the continuation of what was seen before, which is kept in {}",
            key.name,
            now.size,
            file.display()
        ));
        return Ok(ExitCode::FAILURE);
    }
    let time = u64::try_from(Machine::new().now().as_second()).unwrap_or_default();
    note.signatures.push(own.cosign(&note.text, time));
    put(&file, note.to_string().as_bytes())?;
    crate::out(note.to_string().trim_end());
    crate::err(&format!("witness key: {}", own.public(KeyKind::Witness)));
    if witness.publish {
        let (status, _) = Remote::new(log)?.ask(Method::POST, "cosigned", note.to_string())?;
        ensure!(
            status.is_success(),
            "the server did not take the signature ({status}): is the witness key in its log.witnesses?"
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// What was signed last.
fn seen(file: &Path, key: &VerifyKey) -> Result<Option<Checkpoint>> {
    let context = || format!("{}: what was seen before", file.display());
    match std::fs::read(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(context),
        Ok(bytes) => Note::parse(&bytes).and_then(|note| Checkpoint::open(&note, key)).map(Some).with_context(context),
    }
}

/// The witness's key, made on the first use and readable by its owner only.
fn own_key(witness: &Witness<'_>) -> Result<SigningKey> {
    let file = witness.state.join("witness.key");
    match std::fs::read_to_string(&file) {
        Ok(text) => {
            let key = SigningKey::parse(&text).with_context(|| file.display().to_string())?;
            if key.name() != witness.name {
                bail!("{} is the key of {}, not of {}", file.display(), key.name(), witness.name);
            }
            Ok(key)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let key = SigningKey::from_seed(witness.name, Machine::new().key())?;
            write_private(&file, format!("{}\n", key.to_private()).as_bytes())
                .with_context(|| format!("writing {}", file.display()))?;
            Ok(key)
        }
        Err(error) => Err(error).with_context(|| format!("reading {}", file.display())),
    }
}
