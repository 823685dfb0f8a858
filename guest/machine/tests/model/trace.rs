//! A way through the states, printed for a reader.

use std::fmt::Write;

use lockhost_machine::call::Ours;

use crate::{
    directory::{Content, Directory, Name},
    environment::Action,
    setting::{Setting, Sort},
    step::{Answer, Asked, Op, With},
    table::{Author, Table},
    world::World,
};

/// Returns the events on the way that these actions take from a state.
pub fn tell(
    mut world: World,
    actions: &[Action],
    setting: &Setting,
    table: &mut Table,
) -> Vec<String> {
    let mut lines = vec![format!(
        "at the beginning: {}",
        directory(&world.directory, table)
    )];
    for action in actions {
        let before = world;
        table.notes = Some(Vec::new());
        world.happen(*action, setting, table);
        let notes = table.notes.take().unwrap_or_default();
        if !matches!(action, Action::Step(_)) {
            lines.push(happened(*action, &world, table));
        }
        for (slot, op, answer) in notes {
            // No process is that deep, and a sweep checks every level.
            if matches!(op, Op::Id(Name::Level(level)) | Op::Same(Name::Level(level), ..) if level > world.deepest)
            {
                continue;
            }
            let whom = process(slot, &before, setting, table);
            lines.push(format!(
                "{whom}: {} -> {}",
                self::op(op, table),
                self::answer(answer, table)
            ));
        }
        let now = directory(&world.directory, table);
        if now != directory(&before.directory, table) {
            lines.push(format!("    now: {now}"));
        }
        for slot in 0..setting.sorts.len() {
            let owns = |world: &World| table.info(world.locals[slot]).owner;
            if owns(&world) && !owns(&before) {
                lines.push(format!(
                    "    {} owns the lock",
                    process(slot, &world, setting, table)
                ));
            }
        }
    }
    lines
}

fn process(slot: usize, world: &World, setting: &Setting, table: &Table) -> String {
    let pid = table.info(world.locals[slot]).who.pid;
    match setting.sorts[slot] {
        Sort::Ours | Sort::Sweeper | Sort::Thread => format!("process {pid}"),
        Sort::In(place) => {
            let denied = if place.denied { " without links" } else { "" };
            let elsewhere = if place.elsewhere { " elsewhere" } else { "" };
            let user = if place.another_user {
                " of another user"
            } else {
                ""
            };
            format!("process {pid}{denied}{elsewhere}{user}")
        }
        Sort::Assuming => format!("told {pid}"),
        Sort::Original { .. } => format!("original {pid}"),
        Sort::Inspector => format!("inspector {pid}"),
    }
}

fn happened(action: Action, world: &World, table: &Table) -> String {
    let pid = |slot: u8| table.info(world.locals[usize::from(slot)]).who.pid;
    match action {
        Action::Step(slot) => format!("process {} goes on", pid(slot)),
        Action::GoesOn(slot, false) => format!("process {} looks again at once", pid(slot)),
        Action::GoesOn(slot, true) => format!("process {} looks again after seconds", pid(slot)),
        Action::TriesAgain(slot) => format!("process {} tries again", pid(slot)),
        Action::Exits(slot) => format!("process {} exits", pid(slot)),
        Action::Crashes(slot) => format!("process {} CRASHES", pid(slot)),
        Action::Arrives(slot) => format!("process {} starts", pid(slot)),
        Action::ArrivesWithItsPid(slot) => format!("another process {} starts", pid(slot)),
        Action::BecomesAStranger(slot) => format!("a stranger gets the pid {}", pid(slot)),
        Action::Snapshot(file) => format!("a backup links file #{file}"),
        Action::RemoveLock => "a person removes the lock file".into(),
        Action::Clean(_) => "a cleaner removes a file".into(),
        Action::PutsBack(slot) => format!("process {} puts its lock file back", pid(slot)),
        Action::AMinutePasses => "more than a minute passes".into(),
        Action::OutsidersEnd => "the owner elsewhere ends".into(),
        Action::Fails(slot, fault) => {
            format!("for process {} the next fails: {fault:?}", pid(slot))
        }
    }
}

fn directory(directory: &Directory, table: &Table) -> String {
    let mut text = String::new();
    for (name, file) in directory.names() {
        let content = match directory.read(file) {
            Content::Empty => "empty".into(),
            Content::Garbage => "garbage".into(),
            Content::Long => "too long".into(),
            Content::Pid(pid) => format!("pid {pid}"),
            Content::More(pid) => format!("pid {pid} and more"),
            Content::Disowned(_) => "disowned".into(),
        };
        let comma = if text.is_empty() { "" } else { ", " };
        let _ = write!(
            text,
            "{comma}{} = #{file} ({content})",
            self::name(name, table)
        );
    }
    if text.is_empty() {
        "nothing".into()
    } else {
        text
    }
}

fn name(name: Name, table: &Table) -> String {
    match name {
        Name::Level(level) => format!("N{}", ".reclaim".repeat(level.into())),
        Name::Claim(claim) => format!("N.<{}>", author(claim, table)),
    }
}

fn author(claim: u8, table: &Table) -> String {
    match table.claim(claim).author {
        Author::Process(who, 0) => format!("{} started at {}", who.pid, who.start),
        Author::Process(who, attempt) => {
            format!("{} started at {}, attempt {attempt}", who.pid, who.start)
        }
        Author::Foreign(number) => format!("stranger {number}"),
        Author::Unproven(number) => format!("stranger {number} without evidence"),
    }
}

fn ours(file: Ours, table: &Table) -> String {
    match file {
        Ours::Claim => "the claim".into(),
        Ours::At(level) => format!("the file it made at {}", name(Name::Level(level), table)),
    }
}

fn op(op: Op, table: &Table) -> String {
    let name = |name| self::name(name, table);
    match op {
        Op::Current(_) => "who am I".into(),
        Op::Create(claim) => format!("create {}", name(Name::Claim(claim))),
        Op::MakeInPlace(level) => format!("create {}", name(Name::Level(level))),
        Op::Guard(file) => format!("guard {}", ours(file, table)),
        Op::Write(file, content) => format!("write {content:?} into {}", ours(file, table)),
        Op::Disown(level) => format!("disown the file it made at {}", name(Name::Level(level))),
        Op::StatClaim => "look at the claim".into(),
        Op::Stat(it) => format!("look at {}", name(it)),
        Op::Open(it) => format!("open {}", name(it)),
        Op::Read => "read the open file".into(),
        Op::StatOpen => "look at the open file".into(),
        Op::Identify(pid) => format!("who has pid {pid}"),
        Op::Same(it, _, With::Ours(names)) => {
            format!("is {} its own, with {names} names", name(it))
        }
        Op::Same(it, _, With::Open) => format!("is {} the open file", name(it)),
        Op::Id(it) => format!("which file is {}", name(it)),
        Op::List => "list the directory".into(),
        Op::ListRest => "list the rest of the directory".into(),
        Op::Ask(Asked::Maker(claim)) => format!("is {} alive", author(claim, table)),
        Op::AskUnread(claim) => format!("is {} alive, unread", author(claim, table)),
        Op::Ask(Asked::Pid(pid)) => format!("is pid {pid} alive"),
        Op::Ask(Asked::Nobody) => "is nobody alive".into(),
        Op::Probe(..) => "try for a lock on the open file".into(),
        Op::GiveBack(_) => "give the lock back".into(),
        Op::Nothing => "leave that out".into(),
        Op::Keep(_) => "keep the open file open".into(),
        Op::Link(it) => format!("link the claim to {}", name(it)),
        Op::LinkLock(it) => format!("link N to {}", name(Name::Claim(it))),
        Op::LinkOpen(it) => format!("link the open claim to {}", name(Name::Claim(it))),
        Op::Replace(it) => format!("rename the claim to {}", name(it)),
        Op::Unlink(it) => format!("REMOVE {}", name(it)),
        Op::Forget => "close its files".into(),
        Op::Make(level, content) => format!("create {} ({content:?})", name(Name::Level(level))),
        Op::WriteMade(content) => format!("write {content:?} into it"),
        Op::Kill(pid) => format!("does pid {pid} exist"),
    }
}

fn answer(answer: Answer, table: &Table) -> String {
    match answer {
        Answer::Id(file) => format!("#{file}"),
        Answer::Differs => "another file of that number".into(),
        Answer::Stat(stat) => format!("{:?}, {} links", stat.content, stat.links),
        Answer::Identity(claim) => claim.map_or("no identity".into(), |claim| author(claim, table)),
        Answer::Claims(.., more) => if more { "claims, and more" } else { "claims" }.into(),
        Answer::Either(free, _) => format!("{free:?}, unless it is locked"),
        Answer::Done => "done".into(),
        Answer::Failed(code) => format!("{code:?}"),
        Answer::Exists(exists) => if exists { "yes" } else { "no" }.into(),
        Answer::Content(content) => format!("{content:?}"),
        Answer::Liveness(liveness) => format!("{liveness:?}").replace("Liveness::", ""),
        other => format!("{other:?}"),
    }
}
