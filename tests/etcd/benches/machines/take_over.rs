//! How long no command acts after a machine has lost its power.

use std::{thread, time::Instant};

use lockhost_etcd_tests::bed::{Bed, Intervals, Owner};

use super::acquire::etcdctl;

pub(super) fn measure() {
    let bed = Bed::new();
    let member = bed.machine("etcd");
    let servers = bed.coordinator(&[&member]);
    let (mut first, second) = (bed.machine("first"), bed.machine("second"));
    let url = servers[0].url();
    let mut owner = first.acquire("first", &url, Intervals::USUAL);
    owner.acts();
    let mut asker = second.acquire("second", &url, Intervals::USUAL);
    let lock = |machine| {
        let script = ["sh", "-c", "echo acting; exec sleep infinity"];
        Owner::of(
            "etcdctl",
            etcdctl(machine, &servers[0], "failover").args(script),
        )
    };
    let mut held = lock(&first);
    held.acts();
    let mut waiting = lock(&second);
    let killed = Instant::now();
    first.kill();
    let both = thread::scope(|scope| {
        let both = [&mut asker, &mut waiting].map(|owner| {
            scope.spawn(move || {
                owner.acts();
                killed.elapsed()
            })
        });
        both.map(|it| it.join().expect("it acts"))
    });
    println!("| a machine loses its power | another one acts after |\n| --- | --- |");
    let names = [
        "`lockhost acquire --coordinator`, D 10 s",
        "`etcdctl lock --ttl=10`",
    ];
    for (name, time) in names.into_iter().zip(both) {
        println!("| {name} | {:.1} s |", time.as_secs_f64());
    }
    println!();
}
