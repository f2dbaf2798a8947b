//! The loop through the pages, and every way an action is not carried out: a clear answer, nothing lost.

use super::town::{Plain as _, Town, act};
use crate::support::{Part, photo};
use ganglion_model::Shard;

#[tokio::test]
async fn a_case_goes_through_every_hand() {
    let town = Town::new().await;
    let number = town.report("130903001201", "bins overflowing").await;
    let mut call = town.as_("call").await;
    let desk = call.get("/desk").await;
    assert!(desk.plain().contains(&number), "the call-taker's turn");
    town.to_handler(&number).await;
    let mut handler = town.as_("handler").await;
    assert!(handler.get("/desk").await.plain().contains(&number), "the handler has it");
    assert!(handler.get("/m").await.plain().contains("bins overflowing"));
    assert!(!call.get("/desk").await.plain().contains(&number), "no longer the call-taker's");
    town.settle(&number).await;
    let card = call.get(&format!("/cases/{number}")).await;
    for word in ["Closed", "Dispatch to a unit", "Accept", "Finish", "Pass and close", "AJ-130903001-2022-000001"] {
        assert!(card.plain().contains(word), "the card does not say {word}");
    }
    assert!(card.plain().contains("/files/"), "the photo of the result is shown");
    let told = call.get("/cases?open=0").await;
    assert!(told.plain().contains(&number));
}

#[tokio::test]
async fn success_says_what_happened_and_leads_on() {
    let town = Town::new().await;
    let first = town.report("130903001201", "first matter").await;
    town.wait(60);
    let second = town.report("130903001201", "second matter").await;
    let mut call = town.as_("call").await;
    let desk = call.get(&format!("/desk?selected={first}")).await;
    let back = desk.typed("back").expect("the preview has forms");
    assert!(back.contains(&second), "the next row is opened after this one: {back}");
    let answer = act(&mut call, &first, "file", &[("back", &back)]).await;
    assert_eq!(answer.status, 303);
    assert!(answer.location().starts_with("/desk?selected="));
    let next = call.get(answer.location()).await;
    assert!(next.plain().contains(&format!("{first}: File")), "{}", &next.text[..2000]);
    let elsewhere = act(&mut call, &second, "file", &[("back", "https://elsewhere.example/")]).await;
    assert_eq!(elsewhere.location(), format!("/cases/{second}"));
}

#[tokio::test]
async fn what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost() {
    let town = Town::new().await;
    let number = town.report("130903001201", "bins overflowing").await;
    town.to_handler(&number).await;
    let mut handler = town.as_("handler").await;
    let path = format!("/cases/{number}/finish");
    let answer = handler.post_parts(&path, &[Part::Text("result", "two carts of refuse cleared")]).await;
    assert_eq!(answer.status, 422, "{}", answer.text);
    assert!(answer.plain().contains("two carts of refuse cleared"), "the text is kept");
    assert!(answer.plain().contains("Photos afterwards: add at least one"), "the photo is asked for");
    assert!(answer.plain().contains("href=\"#f-finish-result_photos\""), "the summary leads to the field");
    assert!(!answer.plain().contains("see the places marked below"), "one summary, and no second box above it");
    let exe = handler
        .post_parts(
            &path,
            &[
                Part::Text("result", "two carts"),
                Part::File("result_photos", "after.jpg", &photo(5)),
                Part::File("result_photos", "report.exe.jpg", b"MZ\x90\x00not a picture"),
            ],
        )
        .await;
    assert_eq!(exe.status, 422);
    assert!(exe.plain().contains("report.exe.jpg") && exe.plain().contains("two carts"));
    let kept = exe.typed("result_photos_kept").expect("the good photo is kept");
    let again = handler.post_form(&path, &[("result", "two carts"), ("result_photos_kept", &kept)]).await;
    assert_eq!(again.status, 303, "{}", again.text);
    let long = "长".repeat(5000);
    let other = town.report("130903001201", "second").await;
    let answer = town.act("call", &other, "reject", &[("reject_reason", "invalid"), ("reply", &long)]).await;
    assert_eq!(answer.status, 422);
    assert!(answer.plain().contains(&long), "all of it is kept");
    assert!(answer.plain().contains("5000 characters, at most 4000"));
}

#[tokio::test]
async fn two_people_at_once_both_get_a_clear_answer() {
    let town = Town::new().await;
    let number = town.report("130903001201", "bins overflowing").await;
    let mut call = town.as_("call").await;
    let mut dispatch = town.as_("dispatch").await;
    let card = call.get(&format!("/cases/{number}")).await;
    let version = card.typed("version").unwrap();
    assert_eq!(card.typed("state").as_deref(), Some("registered"));
    let first = act(&mut dispatch, &number, "file", &[("version", &version)]).await;
    assert_eq!(first.status, 303);
    let form = [
        ("version", version.as_str()),
        ("state", "registered"),
        ("reject_reason", "invalid"),
        ("reply", "no content at all"),
    ];
    let second = act(&mut call, &number, "reject", &form).await;
    assert_eq!(second.status, 409);
    assert!(second.plain().contains("Somebody acted on this case"), "{}", second.text);
    assert!(second.plain().contains("no content at all"), "what was typed is still there");
    assert!(second.plain().contains("Filed, to be dispatched"), "the card shows the state as it is now");
}

#[tokio::test]
async fn refusals_name_their_reason() {
    let town = Town::new().await;
    let number = town.report("130903001201", "bins overflowing").await;
    let wrong_state = town.act("dispatch", &number, "dispatch", &[("duty", "handler.130903001")]).await;
    assert_eq!(wrong_state.status, 409);
    assert!(wrong_state.plain().contains("Registered"), "{}", wrong_state.text);
    let not_allowed = town.act("verify", &number, "file", &[]).await;
    assert_eq!(not_allowed.status, 403);
    assert!(not_allowed.plain().contains("Your post may not take this step"));
    let unknown = town.act("call", &number, "explode", &[]).await;
    assert_eq!(unknown.status, 404);
    let nowhere = town.act("call", "SB-130903001-2022-999999", "file", &[]).await;
    assert_eq!(nowhere.status, 404);
    let guard =
        town.act("dispatch", &number, "emergency_dispatch", &[("duty", "handler.130903001"), ("-sure", "true")]).await;
    assert_eq!(guard.status, 422);
    assert!(guard.plain().contains("Only emergencies"));
    town.act("call", &number, "file", &[]).await;
    let outside = town.act("dispatch", &number, "dispatch", &[("duty", "handler.130903002")]).await;
    assert_eq!(outside.status, 422, "a unit of another township");
}

#[tokio::test]
async fn a_grave_step_is_asked_twice() {
    let town = Town::new().await;
    let number = town.report_urgent("130903001201", "a hole in the road").await;
    let mut dispatch = town.as_("dispatch").await;
    let card = dispatch.get(&format!("/cases/{number}")).await;
    assert!(card.plain().contains("I have looked again and mean it"), "{}", card.text);
    let once = town.act("dispatch", &number, "emergency_dispatch", &[("duty", "handler.130903001")]).await;
    assert_eq!(once.status, 422);
    assert!(once.plain().contains("Tick the box to confirm"), "{}", once.text);
    let twice =
        town.act("dispatch", &number, "emergency_dispatch", &[("duty", "handler.130903001"), ("-sure", "true")]).await;
    assert_eq!(twice.status, 303, "{}", twice.text);
}

#[tokio::test]
async fn steps_held_back_are_shown_with_the_reason() {
    let town = Town::new().await;
    let number = town.report("130903001201", "bins overflowing").await;
    let mut dispatch = town.as_("dispatch").await;
    let card = dispatch.get(&format!("/cases/{number}")).await;
    assert!(card.plain().contains("Only emergencies may be dispatched before filing"), "a guard says why");
    assert!(card.plain().contains("aria-disabled=\"true\""));
    let mut leader = town.as_("countyleader").await;
    let card = leader.get(&format!("/cases/{number}")).await;
    assert!(card.plain().contains("Your post has no step") || card.plain().contains("no step"), "{}", card.status);
    assert!(!card.plain().contains("data-action"), "somebody who only reads is offered nothing");
}

#[tokio::test]
async fn whoever_settled_a_case_does_not_verify_it() {
    let town = Town::new().await;
    let number = town.report("130903001201001", "bins overflowing").await;
    town.act("call", &number, "file", &[]).await;
    let sent = town.act("dispatch", &number, "dispatch_grid", &[("duty", "grid_worker.130903001201001")]).await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    town.act("worker", &number, "accept", &[]).await;
    let mut worker = town.as_("worker").await;
    let parts = [Part::Text("result", "cleared"), Part::File("result_photos", "a.jpg", &photo(7))];
    let done = worker.post_parts(&format!("/cases/{number}/finish"), &parts).await;
    assert_eq!(done.status, 303, "{}", done.text);
    let card = worker.get(&format!("/cases/{number}")).await;
    assert!(card.plain().contains("somebody else has to take this one"));
    let tried = act(&mut worker, &number, "pass", &[("closing_code", "solved")]).await;
    assert_eq!(tried.status, 403);
    assert!(tried.plain().contains("somebody else has to take this one"));
}

#[tokio::test]
async fn the_same_form_sent_twice_acts_once_and_a_form_of_nobody_is_refused() {
    let town = Town::new().await;
    let number = town.report("130903001201", "bins overflowing").await;
    let mut call = town.as_("call").await;
    let id = call.get(&format!("/cases/{number}")).await.typed("command_id").unwrap();
    for _ in 0..2 {
        let answer = act(&mut call, &number, "file", &[("command_id", &id), ("version", "1")]).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
    }
    let card = call.get(&format!("/cases/{number}")).await;
    assert_eq!(card.plain().matches("<strong>File</strong>").count(), 1);
    let forged = call.post_raw(&format!("/cases/{number}/withdraw"), &[("csrf", "0000")]).await;
    assert_eq!(forged.status, 403);
}

#[tokio::test]
async fn many_are_acted_on_at_once_and_each_answers_for_itself() {
    let town = Town::new().await;
    let first = town.report("130903001201", "first").await;
    let second = town.report("130903001201", "second").await;
    let third = town.report("130903001201", "third").await;
    town.act("call", &third, "file", &[]).await;
    let mut call = town.as_("call").await;
    assert!(call.get("/desk").await.plain().contains("value=\"file\""), "the bulk action is offered");
    let numbers = [("number", first.as_str()), ("number", second.as_str()), ("number", third.as_str())];
    let mut form = vec![("action", "file"), ("back", "/desk")];
    form.extend(numbers);
    let ask = call.post_form("/desk/bulk", &form).await;
    assert_eq!(ask.status, 303, "the form has an address of its own");
    let ask = call.get(ask.location()).await;
    assert!(ask.plain().contains("3 cases at once"), "{}", ask.text);
    let id = ask.typed("command_id").unwrap();
    form.push(("confirmed", "1"));
    form.push(("note", "checked by phone"));
    form.push(("command_id", &id));
    let sent = call.post_form("/desk/bulk", &form).await;
    assert_eq!(sent.status, 303, "what came of it can be loaded again: {}", sent.text);
    for _ in 0..2 {
        let done = call.get(sent.location()).await;
        assert!(done.plain().contains("2 done, 1 not done") && done.plain().contains("second"), "{}", done.text);
    }
    let again = call.post_form("/desk/bulk", &form).await;
    assert_eq!(again.location(), sent.location(), "sent twice it is answered once");
    let elsewhere = town.as_("dispatch").await.get(sent.location()).await;
    assert_eq!((elsewhere.status, elsewhere.location()), (303, "/desk"), "nobody else reads it");
    form.pop();
    let none = call.post_form("/desk/bulk", &form).await;
    assert_eq!((none.status, none.location()), (303, "/desk"), "nothing is left to do");
    let none = call.post_form("/desk/bulk", &[("action", "file"), ("back", "/desk")]).await;
    assert!(call.get(none.location()).await.plain().contains("Tick some cases first"), "nothing was ticked");
    let mut other = town.as_("other").await;
    assert_eq!(other.post_form("/desk/bulk", &form).await.status, 404);
}

#[tokio::test]
async fn a_form_for_many_changes_only_what_was_chosen() {
    let town = Town::new().await;
    let urgent = town.report_urgent("130903001201", "a hole in the road").await;
    let plain = town.report("130903001201", "bins overflowing").await;
    let mut call = town.as_("call").await;
    let mut form = vec![("action", "file"), ("back", "/desk"), ("number", urgent.as_str()), ("number", plain.as_str())];
    let asked = call.post_form("/desk/bulk", &form).await;
    let asked = call.get(asked.location()).await;
    for word in ["Leave as it is", "a hole in the road", "bins overflowing", urgent.as_str(), plain.as_str()] {
        assert!(asked.plain().contains(word), "the form does not say {word}");
    }
    assert!(asked.text.contains("id=\"f-bulk-urgency\" checked"), "nothing is chosen: {}", asked.text);
    assert!(!asked.text.contains("value=\"emergency\" checked"), "least of all what one of them has");
    form.extend([("confirmed", "1"), ("urgency", "")]);
    let done = call.post_form("/desk/bulk", &form).await;
    assert!(call.get(done.location()).await.plain().contains("2 done, 0 not done"));
    for (number, had) in [(&urgent, "emergency"), (&plain, "normal")] {
        let case = town.store.case_by_number(Shard(130_903), number).await.unwrap().unwrap();
        assert_eq!((case.state.as_str(), &case.fields["urgency"]), ("filed", &had.into()), "each keeps its own");
        let lines = town.store.entries_of_case(case.shard, case.id, 1).await.unwrap();
        assert!(!format!("{:?}", lines[0].change).contains("urgency"), "what nobody chose is not noted: {lines:?}");
    }
    let (third, fourth) = (
        town.report_urgent("130903001201", "another hole").await,
        town.report("130903001201", "a lamp is broken").await,
    );
    let chosen = [
        ("action", "file"),
        ("number", third.as_str()),
        ("number", fourth.as_str()),
        ("confirmed", "1"),
        ("urgency", "urgent"),
    ];
    assert_eq!(call.post_form("/desk/bulk", &chosen).await.status, 303);
    for number in [&third, &fourth] {
        let case = town.store.case_by_number(Shard(130_903), number).await.unwrap().unwrap();
        assert_eq!(case.fields["urgency"], "urgent", "what was chosen holds for all");
    }
}

#[tokio::test]
async fn what_was_handed_on_waits_below_what_is_to_do() {
    let town = Town::new().await;
    let number = town.report("130903001201", "bins overflowing").await;
    town.to_handler(&number).await;
    let mut handler = town.as_("handler").await;
    let before = handler.get("/m").await.plain();
    assert!(before.contains("?open=") && before.contains("1 done today"), "accepting it was a step: {before}");
    let parts = [Part::Text("result", "cleared"), Part::File("result_photos", "after.jpg", &photo(3))];
    let done = handler.post_parts(&format!("/cases/{number}/finish"), &parts).await;
    assert_eq!(done.status, 303, "{}", done.text);
    let after = handler.get("/m").await.plain();
    assert!(after.contains(&number) && after.contains("somebody else’s turn"), "{after}");
    assert!(!after.contains("?open=") && after.contains("1 done today"), "there is nothing to press: {after}");
    let desk = handler.get("/desk").await.plain();
    assert!(desk.contains("nothing for you to do now"), "{desk}");
    let verifier = town.as_("verify").await.get("/desk").await.plain();
    assert!(verifier.contains(&number) && !verifier.contains("nothing for you to do now"), "it is the verifier's turn");
}

#[tokio::test]
async fn a_session_that_is_gone_leads_back_to_the_page() {
    let town = Town::new().await;
    let number = town.report("130903001201", "bins overflowing").await;
    let mut gone = town.as_("call").await;
    gone.cookies.clear();
    gone.headers.push(("host".to_owned(), "city.example".to_owned()));
    gone.headers.push(("referer".to_owned(), format!("https://city.example/cases/{number}?open=file")));
    let refused = gone.post_raw(&format!("/cases/{number}/file"), &[("csrf", "0")]).await;
    assert_eq!(refused.status, 403);
    assert!(refused.plain().contains("Sign in again"), "{}", refused.text);
    let next = format!("/sign-in?next=%2Fcases%2F{number}%3Fopen%3Dfile");
    assert!(refused.plain().contains(&next), "{}", refused.text);
}

/// The script keeps what stands in fields with this mark, and nothing else.
#[tokio::test]
async fn nothing_about_people_waits_in_the_browser() {
    let town = Town::new().await;
    let page = town.as_("call").await.get("/cases/new?process=incident").await.text;
    let of = |name: &str| {
        let at = page.find(&format!("name=\"{name}\"")).unwrap_or_else(|| panic!("{name}: {page}"));
        let from = page[..at].rfind("<div class=\"field field-").unwrap();
        page[from..at].split('>').next().unwrap().contains("data-keeps")
    };
    assert!(of("description"));
    let process = &town.app.world.load().model.processes["incident"];
    let secret: Vec<&str> = process
        .form
        .iter()
        .filter(|field| field.personal && page.contains(&format!("name=\"{}\"", field.name)))
        .map(|field| field.name.as_str())
        .collect();
    assert!(!secret.is_empty() && !secret.into_iter().any(of));
}

#[tokio::test]
async fn the_centre_suggests_who_and_why() {
    let town = Town::new().await;
    let number = town.report("130903001201001", "bins overflowing").await;
    town.act("call", &number, "file", &[]).await;
    let mut dispatch = town.as_("dispatch").await;
    let page = dispatch.get(&format!("/centre?selected={number}")).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.plain().contains("responsible for West Grid"), "{}", page.text);
    assert!(page.plain().contains("dispatch list"), "the catalogue says whose duty it is");
    assert!(page.plain().contains("value=\"grid_worker.130903001201001\""));
    assert!(!page.plain().contains("grid_worker.130903002201001"), "nobody of another township");
    let action = format!("/cases/{number}/dispatch_grid");
    assert!(page.plain().contains(&action));
    let back = format!("/centre?selected={number}");
    let sent = dispatch.post_form(&action, &[("duty", "grid_worker.130903001201001"), ("back", &back)]).await;
    assert_eq!((sent.status, sent.location()), (303, back.as_str()));
    let refused = dispatch.post_form(&action, &[("duty", "grid_worker.130903001201001"), ("back", &back)]).await;
    assert_eq!(refused.status, 409);
    assert!(refused.plain().contains("centre-chosen"), "the refusal stands on the centre's own page");
    let alert = refused.plain().split("action-refused").nth(1).map(str::to_owned).unwrap_or_default();
    assert!(
        alert.contains("role=\"alert\"") && alert.contains("Not done"),
        "an action no longer offered has its message: {alert}"
    );
}

#[tokio::test]
async fn taking_in_names_every_problem_and_keeps_the_rest() {
    let town = Town::new().await;
    let mut worker = town.as_("worker").await;
    let path = "/cases/new?process=incident";
    let answer = worker
        .post_parts(
            path,
            &[
                Part::Text("category", "E0102"),
                Part::Text("description", "<b>refuse</b> 😀"),
                Part::Text("location", "118.5, 38.5"),
            ],
        )
        .await;
    assert_eq!(answer.status, 422, "{}", answer.text);
    assert!(
        answer.text.contains("&lt;b&gt;refuse&lt;") && answer.plain().contains("<b>refuse</b> 😀"),
        "typed text is kept and escaped"
    );
    assert!(answer.plain().contains("118.5, 38.5") && answer.plain().contains("outside the area"));
    assert!(answer.plain().contains("Photos: add at least one"), "grid workers need a photo");
    let good = worker
        .post_parts(
            path,
            &[
                Part::Text("category", "E0102"),
                Part::Text("description", "refuse"),
                Part::Text("location", "116.84, 38.32"),
                Part::Text("self_found", "true"),
                Part::File("photos", "here.jpg", &photo(9)),
            ],
        )
        .await;
    assert_eq!(good.status, 303, "{}", good.text);
    let card = worker.get(good.location()).await;
    assert!(card.plain().contains("West Grid") && card.plain().contains("synthetic"), "the routing explains itself");
    assert!(card.plain().contains("Grid worker"), "the way it came in");
}

#[tokio::test]
async fn what_applies_is_judged_by_the_server_while_somebody_types() {
    let town = Town::new().await;
    let mut call = town.as_("call").await;
    let page = call.get("/cases/new?process=incident").await;
    assert!(page.text.contains("data-ask") && page.text.contains("data-when=\"asset\" data-off"), "{}", page.text);
    assert!(page.plain().contains("Only where it applies"), "without scripts the page says so");
    let event = call.post_form("/cases/new?process=incident", &[("_ask", "1"), ("category", "E0102")]).await;
    assert_eq!(event.status, 200, "{}", event.text);
    assert!(event.text.contains("\"off\":[\"asset\""), "{}", event.text);
    let part = call.post_form("/cases/new?process=incident", &[("_ask", "1"), ("category", "P0101")]).await;
    assert!(part.status == 200 && !part.text.contains("\"asset\""), "{}", part.text);
    let all = ganglion_kernel::port::CaseFilter::default();
    let open = ganglion_kernel::Store::case_count(&*town.store, &all).await.unwrap();
    assert_eq!(open, 0, "asking opens nothing");
    let more = call.post_form("/cases/new?process=incident", &[("_more", "items:8"), ("description", "kept")]).await;
    assert!(more.status == 200 && more.plain().contains("kept"), "{}", more.text);
}
