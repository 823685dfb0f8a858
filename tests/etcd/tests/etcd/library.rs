//! The trait of lockhost, as programs use it that have lockhost as a library.

use std::{sync::Arc, time::Duration};

use lockhost::coordinator::{
    Coordinator, CoordinatorErrorKind, DirectoryKey, Enrollment, Incarnation, Marked, Nonce,
    Session, Taken,
};
use lockhost_etcd::Etcd;
use lockhost_etcd_tests::server::Server;

const LONG: Duration = Duration::from_secs(60);
const DEADLINE: Duration = Duration::from_secs(10);

fn enroll(coordinator: &dyn Coordinator, nonce: u64) -> Session {
    let enrollment = Enrollment {
        nonce: Nonce(nonce),
        incarnation: Incarnation(u64::MAX),
        about: "a test".to_owned(),
        lease: Duration::from_secs(3600),
    };
    let enrolled = coordinator.enroll(&enrollment, LONG).unwrap();
    Session {
        incarnation: enrolled.incarnation,
        nonce: Nonce(nonce),
    }
}

#[test]
#[cfg_attr(no_etcd, ignore = "needs etcd and etcdctl")]
fn a_library_takes_over_from_a_session_that_is_gone() {
    let server = Server::start();
    let etcd: Arc<dyn Coordinator> = Arc::new(Etcd::new(&server.url().parse().unwrap()).unwrap());
    let directory: DirectoryKey = "data".parse().unwrap();
    let (owner, asker) = (enroll(&*etcd, 1), enroll(&*etcd, u64::MAX));
    assert_eq!(owner.incarnation, Incarnation(u64::MAX));
    let Taken::Taken(first) = etcd.take(owner, None, DEADLINE, &directory, LONG).unwrap() else {
        panic!("the directory was free")
    };
    let facts = etcd.confirm(owner, &directory, LONG).unwrap();
    assert!(facts.own && facts.revision.0 == first.0);
    let key = facts.key.unwrap();
    assert_eq!((key.nonce, key.deadline), (owner.nonce, DEADLINE));
    assert!(etcd.observe(asker, owner, &directory, LONG).unwrap().judged);
    let refused = etcd.mark(asker, owner, &directory, LONG).unwrap();
    assert!(matches!(refused, Marked::Refused(facts) if facts.judged));

    etcd.withdraw(owner, LONG).unwrap();
    assert!(!etcd.observe(asker, owner, &directory, LONG).unwrap().judged);
    let refused = etcd
        .take(asker, Some(owner), DEADLINE, &directory, LONG)
        .unwrap();
    assert!(matches!(refused, Taken::Refused(facts) if facts.key == Some(key)));
    assert!(matches!(
        etcd.mark(asker, owner, &directory, LONG).unwrap(),
        Marked::Marked(_)
    ));
    let taken = etcd
        .take(asker, Some(owner), DEADLINE, &directory, LONG)
        .unwrap();
    assert!(matches!(taken, Taken::Taken(second) if second > first));
    etcd.release(asker, &directory, LONG).unwrap();
    assert_eq!(etcd.confirm(asker, &directory, LONG).unwrap().key, None);
}

#[test]
fn an_error_names_its_endpoint_and_kind() {
    let etcd = Etcd::new(&"etcd://127.0.0.1:1/prod".parse().unwrap()).unwrap();
    let session = Session {
        incarnation: Incarnation(1),
        nonce: Nonce(2),
    };
    let coordinator: &dyn Coordinator = &etcd;
    assert_eq!(coordinator.name(), "etcd at http://127.0.0.1:1");
    let error = coordinator.withdraw(session, LONG).unwrap_err();
    assert_eq!(error.kind(), CoordinatorErrorKind::Unreachable);
    assert_eq!(error.to_string(), "http://127.0.0.1:1: connection refused");
    assert!(
        error
            .hint()
            .is_some_and(|hint| hint.contains("endpoint status"))
    );
}
