//! A way through the states, printed for a reader.

use crate::{
    environment::Action,
    machine::{At, Command, Machine},
    sessions::Session,
    setting::Setting,
    steps::Move,
    world::World,
};

/// Returns what happens on the way that these actions take from the beginning: one line each, with what changes.
pub fn lines(actions: &[Action], setting: &Setting) -> Vec<String> {
    let mut world = World::begin(setting);
    let mut lines = Vec::new();
    let mut ticks = 0;
    for action in actions {
        let before = world;
        world.happen(*action, setting);
        if *action == Action::Tick && !differs(&before, &world) {
            ticks += 1;
            continue;
        }
        if ticks > 0 {
            lines.push(format!("  {ticks} ticks"));
            ticks = 0;
        }
        lines.push(format!(
            "  {}{}",
            what(*action, &before),
            changes(&before, &world)
        ));
    }
    lines
}

/// Returns whether more than clocks have changed.
fn differs(before: &World, after: &World) -> bool {
    before
        .machines
        .iter()
        .zip(&after.machines)
        .any(|(before, after)| before.command != after.command)
}

fn name(m: usize, world: &World) -> String {
    match world.machines[m].session {
        Some((session, _)) => session.name().into(),
        None => format!("machine {m}"),
    }
}

fn what(action: Action, world: &World) -> String {
    let who = |m| name(m, world);
    match action {
        Action::Tick => "a tick".into(),
        Action::Step(m, step) => format!("{}: {}", who(m), step_name(step, &world.machines[m])),
        Action::Deliver(m) => match world.machines[m].at {
            At::Transact => format!("the coordinator executes the transaction of {}", who(m)),
            _ => format!("the coordinator executes a confirm of {}", who(m)),
        },
        Action::DeliverLate(m) => {
            format!("the coordinator executes a late transaction of machine {m}")
        }
        Action::CommandEnds(m) => format!("the command of {} ends", who(m)),
        Action::WritesPage(m) => format!("the kernel of machine {m} writes a page"),
        Action::Revoke(_, session) => format!("the session {} is revoked", session.name()),
        Action::Wipe => "the coordinator is wiped".into(),
        Action::Save => "the coordinator is saved".into(),
        Action::Restore(false) => "the coordinator is restored".into(),
        Action::Restore(true) => "the coordinator is restored, and others write".into(),
        Action::Redirect(m) => format!("{} is led to another coordinator", who(m)),
        Action::LateRemove => "the server executes a REMOVE of N late".into(),
        Action::LosePower(m) => format!("the machine of {} loses its power", who(m)),
        Action::LosePowerAtUnlink(m) => format!(
            "the machine of {} loses its power, its REMOVE is under way",
            who(m)
        ),
        Action::KillRenewer(m) => format!("the process of {} is killed", who(m)),
        Action::KillDeadman(m) => format!("the deadman of {} is killed", who(m)),
        Action::StopRenewer(m) => format!("the renewer of {} is stopped", who(m)),
        Action::StopDeadman(m) => format!("the deadman of {} is stopped", who(m)),
        Action::Pause(m) => format!("the machine of {} is paused", who(m)),
        Action::Thaw(m) => format!("the machine of {} goes on", who(m)),
    }
}

fn step_name(step: Move, machine: &Machine) -> String {
    match step {
        Move::Confirm => "sends a confirm".into(),
        Move::Receive => "gets the answer".into(),
        Move::GiveUp => format!("gives up at {:?}", machine.at),
        Move::GiveUpEarly => "gives up waiting for the transaction".into(),
        Move::UnlinkTwice => "unlinks N, to be replayed".into(),
        Move::Go => match machine.at {
            At::Idle => "enrols".into(),
            at => format!("{at:?}"),
        },
    }
}

fn changes(before: &World, after: &World) -> String {
    let mut text = String::new();
    let session = |session: Option<Session>| session.map_or("none", Session::name);
    if before.directory.lock != after.directory.lock {
        text += &format!("; N = {}", session(after.directory.lock));
    }
    for (before, after) in before.coordinators.iter().zip(&after.coordinators) {
        if before.key != after.key {
            text += &format!("; key = {}", session(after.key));
        }
        if before.sessions != after.sessions {
            let there: Vec<_> = after.sessions.iter().map(Session::name).collect();
            text += &format!("; sessions = [{}]", there.join(" "));
        }
        if before.revision != after.revision {
            text += &format!("; revision {}", after.revision);
        }
    }
    for (m, (before, after)) in before.machines.iter().zip(&after.machines).enumerate() {
        if before.at != after.at {
            text += &format!("; machine {m} -> {:?}", after.at);
        }
        if before.command != after.command {
            let acts = match after.command {
                Command::None => "has ended".into(),
                command => format!("{command:?}"),
            };
            text += &format!("; command of machine {m}: {acts}, left {}", after.left);
        }
    }
    if before.fence != after.fence {
        text += &format!("; token {}", after.fence.1);
    }
    text
}
