//! Many processes at once: exactly one of them gets the token.

use std::{sync::Barrier, thread};

use lockhost_etcd_tests::{
    lines::{Lines, Session},
    server::Server,
};
use serde_json::Value;

const TAKERS: u64 = 12;

/// Takes with many sessions at once, and returns the answers.
fn race(server: &Server, judged: Option<&Session>, nonces: u64) -> Vec<(Session, Value)> {
    let barrier = Barrier::new(TAKERS as usize);
    thread::scope(|scope| {
        let takers: Vec<_> = (0..TAKERS)
            .map(|nth| {
                let barrier = &barrier;
                scope.spawn(move || {
                    let mut lines = Lines::new(&server.url());
                    let session = lines.enroll(nonces + nth);
                    if let Some(judged) = judged {
                        lines.mark(&session, judged);
                    }
                    barrier.wait();
                    let answer = lines.take(&session, judged);
                    (session, answer)
                })
            })
            .collect();
        let answers = takers.into_iter().map(|it| it.join().expect("it ends"));
        answers.collect()
    })
}

/// Returns the session that has the token, and checks that there is one, which all others have seen.
fn winner(answers: &[(Session, Value)]) -> (Session, u64) {
    let tokens: Vec<_> = answers
        .iter()
        .filter_map(|(session, answer)| Some((session, answer["token"].as_u64()?)))
        .collect();
    let [(session, token)] = tokens[..] else {
        panic!("{answers:?}")
    };
    let others = answers.iter().filter(|(other, _)| other != session);
    for (_, answer) in others {
        assert_eq!(
            answer["refused"]["key"]["nonce"],
            session.nonce(),
            "{answer}"
        );
    }
    (session.clone(), token)
}

#[test]
#[cfg_attr(no_etcd, ignore = "needs etcd and etcdctl")]
fn of_many_takers_exactly_one_gets_the_token() {
    let server = Server::start();
    let mut judged: Option<Session> = None;
    let mut highest = 0;
    // The first round finds a free directory, and each later one that of a dead owner.
    for round in 0..6 {
        let answers = race(&server, judged.as_ref(), 1 + round * TAKERS);
        let (session, token) = winner(&answers);
        assert!(token > highest, "{token} after {highest}");
        highest = token;
        server.ctl(&["lease", "revoke", &session.lease()]);
        judged = Some(session);
    }
}

#[test]
#[cfg_attr(no_etcd, ignore = "needs etcd and etcdctl")]
fn of_many_enrollments_one_names_the_incarnation() {
    let server = Server::start();
    let answers = race(&server, None, 1);
    let incarnations = answers.iter().map(|(session, _)| &session.0["incarnation"]);
    let first = &answers[0].0.0["incarnation"];
    assert!(
        incarnations.into_iter().all(|it| it == first),
        "{answers:?}"
    );
}
