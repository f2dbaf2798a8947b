//! Two-person changes of register rows: one proposes, another approves or rejects with a reason.

use super::row::{Desk, Target, wrong};
use super::row_who::{may_approve_row, may_propose_row, may_read_row};
use super::{Decision, Given, State};
use crate::world::World;
use ganglion_model::change::{Change, Command, Refusal, RefusalCode};
use ganglion_model::pack::FieldKind;
use ganglion_model::proposal::{Proposal, ProposalState, RowDeed, RowWish, Verdict};
use ganglion_model::row::{Authority, Mark};
use ganglion_model::scope::Rows as _;
use ganglion_model::{Fields, ProposalId};

/// The change that notes a proposal; its wish holds what was read, so that approving changes nothing else.
pub fn proposed(desk: &Desk<'_>, wish: &RowWish, target: &Target, fields: Fields) -> Result<Change, Refusal> {
    let by = desk.mark().ok_or_else(|| Refusal::new(RefusalCode::NotAllowed))?;
    let from =
        if desk.register.dated || wish.deed == RowDeed::Retire { wish.from.or(Some(desk.today())) } else { None };
    let wish = RowWish {
        key: Some(target.key.clone()),
        place: target.place,
        from,
        form: fields,
        version: Some(target.version()),
        ..wish.clone()
    };
    Ok(Change::Proposal {
        proposal: Box::new(Proposal {
            id: ProposalId(desk.given.id),
            shard: desk.command.shard,
            key: target.key.clone(),
            wish,
            by,
            state: ProposalState::Open,
            decided: None,
            reason: String::new(),
        }),
    })
}

/// Whether both marks are of one person or one post.
fn is_same(a: &Mark, b: &Mark) -> bool {
    a.account == b.account || a.post == b.post
}

/// Decides what becomes of a proposal: existence and reading first, then permission, the other person, its state, and
/// whether the row is still what was proposed upon.
pub fn decide(
    world: &World,
    state: &State,
    (command, given): (&Command, &Given),
    (id, verdict, reason): (ProposalId, Verdict, &str),
) -> Result<Decision, Refusal> {
    let not_found = || Refusal::new(RefusalCode::NotFound);
    let proposal = state.proposals.get(&id).filter(|one| one.shard == command.shard).ok_or_else(not_found)?;
    let desk = Desk::new(world, state, (command, given), &proposal.wish.register)?;
    let versions = desk.rows().versions(&proposal.wish.register, &proposal.key);
    let target = Target { key: proposal.key.clone(), versions, place: proposal.wish.place };
    let mark = desk.mark().ok_or_else(not_found)?;
    permit(&desk, proposal, &target, (&mark, verdict))?;
    if proposal.state != ProposalState::Open {
        return Err(Refusal::new(RefusalCode::WrongState).with("state", proposal.state.as_str()));
    }
    if verdict == Verdict::Reject && reason.trim().is_empty() {
        return Err(wrong("reason", "required"));
    }
    let mut decision = Decision::default();
    let to = match verdict {
        Verdict::Approve => ProposalState::Approved,
        Verdict::Reject => ProposalState::Rejected,
        Verdict::Withdraw => ProposalState::Withdrawn,
    };
    let decided = Proposal {
        state: to,
        decided: Some(mark.clone()),
        reason: reason.trim().to_owned(),
        ..Proposal::clone(proposal)
    };
    if verdict == Verdict::Approve {
        approve(&desk, proposal, &target, (mark, &mut decision))?;
    }
    decision.changes.push(Change::Proposal { proposal: Box::new(decided) });
    Ok(decision)
}

fn permit(
    desk: &Desk<'_>,
    proposal: &Proposal,
    target: &Target,
    (mark, verdict): (&Mark, Verdict),
) -> Result<(), Refusal> {
    let (register, actor, post) = (desk.register, &desk.command.actor, desk.post);
    let then = register.judged_at(target.place, &proposal.wish.form);
    let now = target.newest().map_or(then, |one| register.judged_at(one.place, &one.fields));
    // A row that ends is typed with no values: whose it is stands in the row.
    let then = then.or(now);
    let own = is_same(mark, &proposal.by);
    if post.is_none() || (!own && !may_read_row(register, actor, post, target.place)) {
        return Err(Refusal::new(RefusalCode::NotFound));
    }
    let not_allowed = || Refusal::new(RefusalCode::NotAllowed).with("register", &register.name);
    if verdict == Verdict::Withdraw {
        let may = own && may_propose_row(register, actor, post, then);
        return if may { Ok(()) } else { Err(not_allowed()) };
    }
    let both = [now, then].into_iter().all(|place| may_approve_row(register, actor, post, place));
    if !both {
        return Err(not_allowed());
    }
    if own { Err(Refusal::new(RefusalCode::SamePerson)) } else { Ok(()) }
}

fn approve(
    desk: &Desk<'_>,
    proposal: &Proposal,
    target: &Target,
    (mark, decision): (Mark, &mut Decision),
) -> Result<(), Refusal> {
    let wish = &proposal.wish;
    if wish.version != Some(target.version()) {
        return Err(Refusal::new(RefusalCode::Changed).with("key", &target.key));
    }
    if wish.deed == RowDeed::Put {
        still_there(desk, wish)?;
    }
    let authority = Authority { by: proposal.by.clone(), approved: Some(mark), why: wish.why.clone() };
    desk.carry_out(wish, target, (wish.form.clone(), Some(authority)), decision)
}

/// Rows the proposal refers to may have ended since it was made.
fn still_there(desk: &Desk<'_>, wish: &RowWish) -> Result<(), Refusal> {
    let rows = desk.rows();
    for field in &desk.register.fields {
        if let FieldKind::Ref { register } = &field.kind
            && let Some(key) = wish.form.get(&field.name).and_then(serde_json::Value::as_str)
            && rows.row(register, key, desk.today()).is_none()
        {
            return Err(wrong(&field.name, "retired"));
        }
    }
    Ok(())
}
