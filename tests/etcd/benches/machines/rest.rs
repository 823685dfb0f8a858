//! An owner whose command sleeps.

use std::{thread, time::Duration};

use lockhost_etcd_tests::{
    bed::{Bed, Intervals},
    processes::name_of,
};

use super::meters::{SystemCalls, bytes, processor, written};

const REST: Duration = Duration::from_secs(60);

pub(super) fn measure() {
    let bed = Bed::new();
    let member = bed.machine("etcd");
    let servers = bed.coordinator(&[&member]);
    let machine = bed.machine("first");
    let mut owner = machine.acquire_to_rest("rest", &servers[0].url(), Intervals::USUAL);
    owner.acts();
    let (lockhost, deadman) = (owner.renewer(), owner.deadman());
    let helpers = owner.helpers().into_iter();
    let connector = helpers.filter(|it| name_of(*it) == "lockhost-etcd");
    let processes = [lockhost, deadman].into_iter().chain(connector).zip([
        "lockhost",
        "its deadman",
        "lockhost-etcd",
    ]);
    let processes: Vec<(u32, &str)> = processes.collect();
    let before: Vec<_> = processes
        .iter()
        .map(|(pid, _)| (processor(*pid), written(*pid), SystemCalls::of(*pid, REST)))
        .collect();
    let sent = bytes(&machine);
    thread::sleep(REST);
    let hours = REST.as_secs_f64() / 3600.0;
    let sent = (bytes(&machine) - sent) / hours / f64::from(1 << 20);
    println!(
        "| at rest | processor time an hour | system calls a second | written to disks an hour |\n\
         | --- | --- | --- | --- |"
    );
    for ((pid, name), (time, disk, calls)) in processes.into_iter().zip(before) {
        let time = (processor(pid) - time) / hours;
        let disk = (written(pid) - disk) / hours / 1024.0;
        let calls = calls.count().map(|it| it / REST.as_secs_f64());
        let calls = calls.map_or("not counted".to_owned(), |it| format!("{it:.1}"));
        println!("| {name} | {time:.2} s | {calls} | {disk:.0} KiB |");
    }
    println!("\nBytes in the network, both ways, an hour: {sent:.1} MiB.\n");
    owner.stop();
}
