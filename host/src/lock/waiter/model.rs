//! A model of the waiter for a model checker (`stateright`). It runs the waiter's decision, the code that ships, beside
//! a lock file. Other processes release that file, acquire it again, replace it and lock it. Notifications are lost,
//! doubled and late.
//!
//! One step is one action of the kernel, of another process, or of the waiter. The waiter's check, the arming of each
//! watch and its decision are separate steps, so anything may happen in between.

use std::time::Duration;

use stateright::{Checker, Model, Property};

use super::{BACKSTOP, Current, Decision, FileArmed, Next, Obstacle};

/// The lock file that has the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct File {
    inode: u8,
    owner: u8,
    /// Whether its owner keeps it locked, so that its death can be detected.
    evidence: bool,
    /// Another process keeps it locked by a descriptor for reading, so its close is not reported.
    foreigner: bool,
}

/// The process that owns the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Owner {
    Lives,
    /// It has ended, which was reported, and the kernel is about to release its locks.
    Ends,
    /// It has ended and still has its number, so it cannot be distinguished from a living process.
    Zombie,
    Ended,
}

/// The watch on a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum ProcessWatch {
    None,
    Watches(u8),
    /// It is readable, and stays so.
    Readable,
}

/// The next step of the waiter.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Step {
    Wake,
    /// Something was reported, or a moment ago the lock was passed on: is the file another one than before?
    Compare,
    /// It is, and for so long nothing wakes the waiter.
    Deaf(Duration),
    Look,
    See(Obstacle),
    ArmFile(Obstacle),
    ArmProcess(Obstacle, FileArmed),
    Decide(Obstacle, FileArmed),
    Sleep(Duration),
    Taken,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    file: Option<File>,
    owner: Owner,
    /// The number of the owner that came last.
    pid: u8,
    inodes: u8,
    /// How many more changes the other processes make.
    changes: u8,
    step: Step,
    decision: Decision,
    /// The file in the way.
    seen: Option<u8>,
    /// How long the waiter has slept since its last check.
    since_check: Duration,
    watched: Option<u8>,
    process: ProcessWatch,
    /// The kernel has reported it, and the waiter's poll(2) does not see it yet.
    under_way: bool,
    reported: bool,
    /// How long the waiter has slept since the lock is free.
    overslept: Duration,
    /// The lock became free without any report.
    is_silent: bool,
    /// For the faults: whether a waiter assumed that everything is reported.
    belief: bool,
}

/// A fault of the waiter: each is one of the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    /// The watch stays on the first file of an owner.
    SameOwner,
    /// It sleeps until something is reported, once a file is kept locked, by any process.
    Foreigner,
    /// It sleeps until something is reported, once a process could be watched.
    Zombie,
    /// It always sleeps until something is reported, after the short pauses.
    NoBackstop,
    /// It leaves the lock for long to a process that was quicker, and whose end may have been reported before the watch.
    PassedOnForLong,
    /// It leaves the lock to such a process however long ago its last check was.
    PassedOnAgain,
}

#[derive(Clone, Copy, Debug)]
struct Waiter {
    fault: Fault,
    /// Whether notifications are lost.
    is_lossy: bool,
    /// Whether locks become free without a report by the kernel.
    is_silent: bool,
    changes: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    /// The waiter's next step.
    Step,
    /// The time is up.
    Elapse,
    Deliver,
    Lose,
    /// A notification of nothing, or a repeated one.
    Repeat,
    Release,
    /// The owner acquires the lock again that it has released.
    TakeAgain,
    /// Another process acquires it, by a file with evidence or without.
    TakeAnew(bool),
    /// A person replaces the file.
    Replace,
    /// The owner ends; `true` if it becomes a zombie that cannot be distinguished from a living process.
    End(bool),
    Unlock,
    Reap,
    ForeignLock,
    ForeignUnlock,
}

const OWNER: u8 = 1;

impl State {
    /// Returns whether a check finds an obstacle.
    fn is_held(&self) -> bool {
        self.file
            .is_some_and(|file| file.foreigner || self.owner != Owner::Ended)
    }

    /// Returns the obstacle that a check finds.
    fn obstacle(&self) -> Option<Obstacle> {
        let owner = u32::from(self.file.filter(|_| self.is_held())?.owner);
        let lives = self.owner != Owner::Ended;
        Some(Obstacle {
            owner: Some(owner.to_string()),
            processes: lives.then_some(owner).into_iter().collect(),
        })
    }

    /// Reports a change of a file, as the kernel does.
    fn report(&mut self, inode: u8) {
        self.under_way |= self.watched == Some(inode);
    }

    /// Gives the owner a new file.
    fn put(&mut self, evidence: bool) {
        if let Some(before) = self.file {
            self.report(before.inode);
        }
        self.inodes += 1;
        self.file = Some(File {
            inode: self.inodes,
            owner: self.pid,
            evidence,
            foreigner: false,
        });
    }

    /// Gives another owner a new file.
    fn put_anew(&mut self, evidence: bool) {
        self.pid += 1;
        self.owner = Owner::Lives;
        self.put(evidence);
    }

    fn is_pending(&self) -> bool {
        self.under_way || self.reported || self.process == ProcessWatch::Readable
    }
}

impl Waiter {
    fn step(&self, state: &mut State) {
        state.step = match state.step.clone() {
            Step::Wake => {
                let mut notified = state.reported;
                state.reported = false;
                if state.process == ProcessWatch::Readable {
                    state.process = ProcessWatch::None;
                    notified = true;
                }
                if notified {
                    state.decision.notified();
                    Step::Compare
                } else {
                    Step::Look
                }
            }
            Step::Compare => {
                let now = state.file.map(|file| file.inode);
                let current = match now {
                    None => Current::Gone,
                    Some(_) if now == state.seen => Current::Same,
                    Some(_) => Current::Other,
                };
                match self.leave(state, current) {
                    Some(pause) => {
                        state.seen = now;
                        state.process = ProcessWatch::None;
                        Step::Deaf(pause)
                    }
                    None => Step::Look,
                }
            }
            Step::Look => match state.obstacle() {
                None => Step::Taken,
                Some(obstacle) => Step::See(obstacle),
            },
            Step::See(obstacle) => {
                state.seen = state.file.map(|file| file.inode);
                state.since_check = Duration::ZERO;
                Step::ArmFile(obstacle)
            }
            Step::ArmFile(obstacle) => {
                let armed = self.arm_file(state, &obstacle);
                Step::ArmProcess(obstacle, armed)
            }
            Step::ArmProcess(obstacle, armed) => {
                if state.decision.is_other(&obstacle) {
                    state.process = arm_process(state, &obstacle);
                    state.belief = self.believes(state);
                }
                Step::Decide(obstacle, armed)
            }
            Step::Decide(obstacle, armed) => match state.decision.decide(obstacle, armed) {
                Next::Look => Step::Look,
                Next::Sleep(BACKSTOP) if state.belief => Step::Sleep(Duration::MAX),
                Next::Sleep(pause) => Step::Sleep(pause),
            },
            step @ (Step::Sleep(_) | Step::Deaf(_) | Step::Taken) => step,
        };
    }

    /// Returns what a waiter with a fault remembers until it sees another owner.
    fn believes(&self, state: &State) -> bool {
        match self.fault {
            Fault::None | Fault::SameOwner | Fault::PassedOnForLong | Fault::PassedOnAgain => false,
            Fault::Foreigner => state.file.is_some_and(|file| file.foreigner),
            Fault::Zombie => state.process != ProcessWatch::None,
            Fault::NoBackstop => true,
        }
    }

    fn leave(&self, state: &mut State, current: Current) -> Option<Duration> {
        state.seen?;
        let since_check = match self.fault {
            Fault::PassedOnAgain => Duration::ZERO,
            _ => state.since_check,
        };
        let pause = state.decision.leave(current, since_check, 0)?;
        match self.fault {
            Fault::PassedOnForLong => Some(BACKSTOP),
            _ => Some(pause),
        }
    }

    fn arm_file(&self, state: &mut State, obstacle: &Obstacle) -> FileArmed {
        if self.fault == Fault::SameOwner && !state.decision.is_other(obstacle) {
            return FileArmed::Before;
        }
        let now = state.file.map(|file| file.inode);
        let before = std::mem::replace(&mut state.watched, now);
        match now {
            None => FileArmed::No,
            Some(_) if now == before => FileArmed::Before,
            Some(_) => {
                // What was reported of the file before is drained.
                (state.under_way, state.reported) = (false, false);
                FileArmed::Anew
            }
        }
    }
}

fn arm_process(state: &State, obstacle: &Obstacle) -> ProcessWatch {
    let Some(pid) = obstacle.processes.first() else {
        return ProcessWatch::None;
    };
    let owner = state.file.map(|file| u32::from(file.owner));
    match state.owner {
        Owner::Lives if owner == Some(*pid) => ProcessWatch::Watches(owner_of(*pid)),
        Owner::Zombie | Owner::Ends if owner == Some(*pid) => ProcessWatch::Readable,
        _ => ProcessWatch::None,
    }
}

fn owner_of(pid: u32) -> u8 {
    u8::try_from(pid).expect("it is a small number")
}

impl Model for Waiter {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let begun = |evidence| State {
            file: Some(File {
                inode: 0,
                owner: OWNER,
                evidence,
                foreigner: false,
            }),
            owner: Owner::Lives,
            pid: OWNER,
            inodes: 0,
            changes: self.changes,
            step: Step::Look,
            decision: Decision::default(),
            seen: None,
            since_check: Duration::ZERO,
            watched: None,
            process: ProcessWatch::None,
            under_way: false,
            reported: false,
            overslept: Duration::ZERO,
            is_silent: false,
            belief: false,
        };
        vec![begun(true), begun(false)]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        match state.step {
            Step::Taken => return,
            // The kernel releases a process' locks within the shortest pause.
            Step::Sleep(_) if state.owner == Owner::Ends => {}
            // A notification comes late, but not never.
            Step::Sleep(Duration::MAX) if state.under_way && !self.is_lossy => {}
            Step::Sleep(_) | Step::Deaf(_) => actions.push(Action::Elapse),
            _ => actions.push(Action::Step),
        }
        if state.under_way {
            actions.push(Action::Deliver);
            if self.is_lossy {
                actions.push(Action::Lose);
            }
        }
        match state.owner {
            Owner::Ends => actions.push(Action::Unlock),
            Owner::Zombie => actions.push(Action::Reap),
            Owner::Lives | Owner::Ended => {}
        }
        if state.file.is_some_and(|file| file.foreigner) {
            actions.push(Action::ForeignUnlock);
        }
        if state.changes == 0 {
            return;
        }
        if !state.reported {
            actions.push(Action::Repeat);
        }
        match (state.file, state.owner) {
            (Some(file), Owner::Lives) => {
                actions.extend([Action::Release, Action::Replace, Action::End(false)]);
                if self.is_silent && !file.evidence {
                    actions.push(Action::End(true));
                }
            }
            (None, owner) => {
                if owner == Owner::Lives {
                    actions.push(Action::TakeAgain);
                }
                actions.extend([true, false].map(Action::TakeAnew));
            }

            (Some(file), Owner::Ended) if self.is_silent && !file.foreigner => {
                actions.push(Action::ForeignLock)
            }
            _ => {}
        }
    }

    fn next_state(&self, before: &State, action: Action) -> Option<State> {
        let mut state = before.clone();
        let is_change = !matches!(
            action,
            Action::Step
                | Action::Elapse
                | Action::Deliver
                | Action::Lose
                | Action::Unlock
                | Action::Reap
                | Action::ForeignUnlock
        );
        state.changes -= u8::from(is_change);
        match action {
            Action::Step => self.step(&mut state),
            Action::Elapse => {
                let (pause, next) = match state.step {
                    Step::Sleep(pause) => (pause, Step::Wake),
                    Step::Deaf(pause) => (pause, Step::Compare),
                    _ => return None,
                };
                state.since_check = state.since_check.saturating_add(pause);
                if !state.is_held() {
                    state.overslept = state.overslept.saturating_add(pause);
                }
                state.step = next;
            }
            Action::Deliver => (state.under_way, state.reported) = (false, true),
            Action::Lose => state.under_way = false,
            Action::Repeat => state.reported = true,
            Action::Release => {
                let file = state.file.take()?;
                state.report(file.inode);
            }
            Action::TakeAgain => state.put(true),
            Action::TakeAnew(evidence) => state.put_anew(evidence),
            Action::Replace => {
                let evidence = state.file?.evidence;
                state.put_anew(evidence);
            }
            Action::End(is_zombie) => {
                let file = state.file?;
                state.owner = if is_zombie {
                    Owner::Zombie
                } else {
                    Owner::Ends
                };
                if state.process == ProcessWatch::Watches(file.owner) {
                    state.process = ProcessWatch::Readable;
                }
                state.report(file.inode);
            }
            Action::Unlock | Action::Reap => state.owner = Owner::Ended,
            Action::ForeignLock => state.file.as_mut()?.foreigner = true,
            Action::ForeignUnlock => state.file.as_mut()?.foreigner = false,
        }
        if matches!(state.step, Step::Sleep(_))
            && (state.reported || state.process == ProcessWatch::Readable)
        {
            state.step = Step::Wake;
        }
        if state.is_held() {
            (state.overslept, state.is_silent) = (Duration::ZERO, false);
        } else if matches!(action, Action::Reap | Action::ForeignUnlock) {
            state.is_silent = true;
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = vec![Property::always(IN_TIME, |_, state: &State| {
            state.overslept <= BACKSTOP
        })];
        if !self.is_lossy {
            properties.push(Property::always(AT_ONCE, |_, state: &State| {
                let sleeps = matches!(
                    state.step,
                    Step::Sleep(pause) | Step::Deaf(pause) if pause >= BACKSTOP
                );
                !sleeps || state.is_held() || state.is_silent || state.is_pending()
            }));
        }
        properties
    }
}

const IN_TIME: &str = "a lock that is free and stays so is taken within one tick of the backstop";
const AT_ONCE: &str = "a lock whose end was reported is taken without a tick of the backstop";

/// Checks all states, or those up to the first that breaks a promise. Returns which promises are broken.
fn broken(waiter: Waiter) -> Vec<&'static str> {
    let checker = waiter.checker().spawn_bfs().join();
    println!("{waiter:?}: {} states", checker.unique_state_count());
    let discoveries = checker.discoveries();
    for (promise, path) in &discoveries {
        println!("{promise}: {:?}", path.clone().into_actions());
    }
    let mut broken: Vec<_> = discoveries.into_keys().collect();
    broken.sort_unstable();
    broken
}

const SOUND: Waiter = Waiter {
    fault: Fault::None,
    is_lossy: false,
    is_silent: true,
    changes: 3,
};

#[test]
fn a_free_lock_is_taken_within_one_backstop_tick() {
    for is_lossy in [false, true] {
        let waiter = Waiter { is_lossy, ..SOUND };
        assert_eq!(broken(waiter), [""; 0]);
    }
}

#[test]
fn a_watch_on_an_owners_first_file_is_found() {
    let fault = Fault::SameOwner;
    assert_eq!(broken(Waiter { fault, ..SOUND }), [AT_ONCE]);
}

#[test]
fn a_sleep_for_ever_beside_a_foreign_lock_is_found() {
    let fault = Fault::Foreigner;
    assert_eq!(broken(Waiter { fault, ..SOUND }), [IN_TIME]);
}

#[test]
fn a_sleep_for_ever_beside_a_zombie_is_found() {
    let fault = Fault::Zombie;
    assert_eq!(broken(Waiter { fault, ..SOUND }), [IN_TIME]);
}

#[test]
fn a_long_sleep_once_a_lock_was_passed_on_is_found() {
    let fault = Fault::PassedOnForLong;
    let waiter = Waiter {
        fault,
        is_silent: false,
        ..SOUND
    };
    assert_eq!(broken(waiter), [IN_TIME, AT_ONCE]);
}

#[test]
fn a_check_that_is_postponed_again_and_again_is_found() {
    let fault = Fault::PassedOnAgain;
    assert_eq!(broken(Waiter { fault, ..SOUND }), [IN_TIME]);
}

#[test]
fn a_missing_backstop_is_found() {
    let fault = Fault::NoBackstop;
    for (is_lossy, is_silent) in [(true, false), (false, true)] {
        let waiter = Waiter {
            fault,
            is_lossy,
            is_silent,
            ..SOUND
        };
        assert_eq!(broken(waiter), [IN_TIME]);
    }
    // Where everything is reported, and arrives, nothing else is wrong.
    let waiter = Waiter {
        fault,
        is_silent: false,
        ..SOUND
    };
    assert_eq!(broken(waiter), [""; 0]);
}
