//! Tables of rows for registers of the demonstration, in `data/demo/tables`: put one by one through the same commands as by
//! people, by the posts whose business it is, approved by another where two are needed. Nothing here knows a register; rows
//! that are the same for each place of a level are in [`super::rows`].

use anyhow::{Context as _, Result, anyhow, bail};
use ganglion_kernel::commit::{CommitError, Works, commit};
use ganglion_kernel::decide::derived;
use ganglion_kernel::port_rows::ProposalFilter;
use ganglion_model::change::{Actor, Body, Command};
use ganglion_model::{CommandId, Fields, Level, PlaceCode, PostId, ProposalState, RowDeed, RowWish, Shard, Verdict};
use serde::Deserialize;
use serde_json::Value;
use std::path::Path;
use uuid::Uuid;

/// Commands sent at once.
const BATCH_COMMANDS: usize = 1000;
/// Columns that are no fields.
const PLACE: &str = "place";
const FROM: &str = "valid_from";
const UNTIL: &str = "valid_to";

/// A table of rows.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    /// The register; its rows are in `<register>.csv`.
    register: String,
    /// Who puts or proposes them: `role@level`.
    by: String,
    /// Who approves what is proposed.
    #[serde(default)]
    approve: Option<String>,
}

/// Puts every table listed in `folder`; gives how many rows there are. Without the list there are none.
///
/// # Errors
/// A table that cannot be read, or the first row that is refused.
pub async fn load(works: &Works, folder: &Path) -> Result<usize> {
    let list = folder.join("tables.yaml");
    if !list.is_file() {
        return Ok(0);
    }
    let text = std::fs::read_to_string(&list).with_context(|| format!("reading {}", list.display()))?;
    let tables: Vec<Table> = serde_saphyr::from_str(&text).with_context(|| list.display().to_string())?;
    let mut rows = 0;
    for table in &tables {
        rows += put(works, folder, table).await.with_context(|| format!("the rows of {}", table.register))?;
    }
    Ok(rows)
}

async fn put(works: &Works, folder: &Path, table: &Table) -> Result<usize> {
    let path = folder.join(format!("{}.csv", table.register));
    let mut reader = csv::Reader::from_path(&path).with_context(|| path.display().to_string())?;
    let head = reader.headers()?.clone();
    let mut commands = Vec::new();
    for (line, record) in reader.records().enumerate() {
        let record = record?;
        let cells = head.iter().zip(record.iter()).filter(|(_, cell)| !cell.is_empty());
        let wish = wish(table, cells).with_context(|| format!("line {}", line + 2))?;
        let id = derived(CommandId(Uuid::nil()), &format!("tables/{}/{line}", table.register));
        let actor = actor(works, &table.by, wish.place)?;
        let shard = wish.place.map_or(Shard::DEPLOYMENT, PlaceCode::shard);
        commands.push(Command { id, shard, actor, body: Body::Row { wish: Box::new(wish) } });
    }
    send(works, &commands).await?;
    if let Some(approve) = &table.approve {
        approve_all(works, (table, approve)).await?;
    }
    Ok(commands.len())
}

fn wish<'a>(table: &Table, cells: impl Iterator<Item = (&'a str, &'a str)>) -> Result<RowWish> {
    let mut wish = RowWish {
        register: table.register.clone(),
        key: None,
        place: None,
        deed: RowDeed::Put,
        from: None,
        until: None,
        form: Fields::new(),
        partial: false,
        why: String::new(),
        version: None,
    };
    for (name, cell) in cells {
        match name {
            PLACE => wish.place = Some(cell.parse().map_err(|_| anyhow!("`{cell}` is no place"))?),
            FROM => wish.from = Some(cell.parse()?),
            UNTIL => wish.until = Some(cell.parse()?),
            _ => {
                wish.form.insert(name.to_owned(), Value::from(cell));
            }
        }
    }
    Ok(wish)
}

/// The post `role@level` whose place holds `place`; for rows of the whole installation the one at its root.
fn actor(works: &Works, who: &str, place: Option<PlaceCode>) -> Result<Actor> {
    let world = works.world.load();
    let (role, level) = who.split_once('@').context("role@level")?;
    let level = Level::parse(level).with_context(|| format!("there is no level {level}"))?;
    let at = place.unwrap_or(world.places.root).at(level).with_context(|| format!("no {who} above the place"))?;
    let post = world.posts.at(at).find(|post| post.role == role).with_context(|| format!("no {role} at {at}"))?;
    let account = post.account.clone().with_context(|| format!("nobody is {role} at {at}"))?;
    Ok(Actor::Post { post: PostId::clone(&post.id), account })
}

async fn approve_all(works: &Works, (table, approve): (&Table, &str)) -> Result<()> {
    let filter =
        ProposalFilter { registers: vec![(table.register.clone(), None)], state: Some(ProposalState::Open), row: None };
    loop {
        let open = works.store.proposals(&filter, u32::try_from(BATCH_COMMANDS).unwrap_or(u32::MAX)).await?;
        if open.is_empty() {
            return Ok(());
        }
        let mut commands = Vec::new();
        for proposal in &open {
            let id = derived(CommandId(proposal.id.0), "approve");
            let actor = actor(works, approve, proposal.wish.place)?;
            let body = Body::Decide { proposal: proposal.id, verdict: Verdict::Approve, reason: String::new() };
            commands.push(Command { id, shard: proposal.shard, actor, body });
        }
        send(works, &commands).await?;
    }
}

async fn send(works: &Works, commands: &[Command]) -> Result<()> {
    for batch in commands.chunks(BATCH_COMMANDS) {
        let (answers, _) = commit(works, batch).await;
        for (answer, command) in answers.into_iter().zip(batch) {
            match answer {
                Ok(_) => {}
                Err(CommitError::Refused(refusal)) => bail!("{:?} was refused: {refusal:?}", command.body),
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}
