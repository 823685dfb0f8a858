//! Very many waiters, and which of them get the lock.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, PipeReader, PipeWriter, pipe},
    process::{Child, Stdio},
};

use lockhost_tests::{
    contender::{Contender, rounds},
    fixture::Fixture,
    under_lock::{sleeps_until_notified, under_lock, until},
};

/// Waiters that report their turn in one place, and keep it until the test ends it.
struct Waiters<'a> {
    fixture: &'a Fixture,
    turns: BufReader<PipeReader>,
    turn: PipeWriter,
    /// By their number, with that of the hand-over before which they came.
    waiting: BTreeMap<usize, (Child, usize)>,
    started: usize,
}

impl<'a> Waiters<'a> {
    fn new(fixture: &'a Fixture) -> Self {
        let (turns, turn) = pipe().unwrap();
        Self {
            fixture,
            turns: BufReader::new(turns),
            turn,
            waiting: BTreeMap::new(),
            started: 0,
        }
    }

    fn start(&mut self, hand_over: usize) {
        let number = self.started.to_string();
        let script = ["sh", "-c", "echo $0; read line; :", &number];
        let waiter = under_lock(&["--wait"], self.fixture.path(), &script)
            .stdin(Stdio::piped())
            .stdout(self.turn.try_clone().unwrap())
            .spawn()
            .unwrap();
        self.waiting.insert(self.started, (waiter, hand_over));
        self.started += 1;
    }

    /// Ends the turn of the next process that has it. Returns how many hand-overs it has waited through before this
    /// one.
    fn turn(&mut self, hand_over: usize) -> usize {
        let mut line = String::new();
        self.turns.read_line(&mut line).unwrap();
        let number = line.trim_end().parse().unwrap();
        let (mut waiter, came) = self.waiting.remove(&number).unwrap();
        drop(waiter.stdin.take());
        assert_eq!(waiter.wait().unwrap().code(), Some(0));
        hand_over - came
    }
}

impl Drop for Waiters<'_> {
    fn drop(&mut self) {
        for (waiter, _) in self.waiting.values_mut() {
            let _ = waiter.kill();
            let _ = waiter.wait();
        }
    }
}

/// The first process to try gets it, so no process is promised a turn after so many others; the test measures and
/// prints that. Those that have had the lock come back for it.
#[test]
fn among_sixty_four_waiters_the_lock_goes_from_hand_to_hand() {
    const WAITERS: usize = 64;
    let hand_overs = rounds() * 32;
    let fixture = Fixture::free();
    let mut first = Contender::owner(fixture.path());
    let mut waiters = Waiters::new(&fixture);
    (0..WAITERS).for_each(|_| waiters.start(0));
    for (waiter, _) in waiters.waiting.values() {
        until("it sleeps until it is notified", || {
            sleeps_until_notified(waiter.id()) == Some(true)
        });
    }
    first.stop();
    let mut waited: Vec<_> = (0..hand_overs)
        .map(|hand_over| {
            let waited = waiters.turn(hand_over);
            waiters.start(hand_over + 1);
            waited
        })
        .collect();
    waited.sort_unstable();
    let still = waiters.waiting.values().map(|(_, came)| hand_overs - came);
    let [half, most] = [50, 99].map(|percent| waited[hand_overs * percent / 100]);
    println!(
        "{WAITERS} waiters, {hand_overs} hand-overs: each waited through {} at least, {half} in the median, {most} in 99 \
         of 100, {} at most; of those that still wait, one has waited through {}",
        waited[0],
        waited[hand_overs - 1],
        still.max().unwrap_or(0)
    );
}
