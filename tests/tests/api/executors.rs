//! The asynchronous API under executors of every kind. None of them has a timer for it.

use std::{
    fs,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::Poll,
};

use lockhost::{DEFAULT_NAME, Error, ErrorKind, Lock, Options, Warning, acquire_async};
use lockhost_tests::{
    fixture::Fixture,
    running::{another_process, lock_of_another_process},
};
use tokio::runtime::{Builder, Runtime};

fn current_thread() -> Runtime {
    Builder::new_current_thread().build().expect("a runtime")
}

fn multi_thread() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2).build().expect("a runtime")
}

/// Polls once, and returns whether it is done.
async fn polled<T>(mut future: Pin<&mut impl Future<Output = T>>) -> Poll<T> {
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await
}

/// Acquires the lock at once, is refused at once, and is woken from waiting by an event.
async fn takes_is_refused_and_waits() -> Result<(), Error> {
    let fixture = Fixture::free();
    let lock = acquire_async(fixture.path()).await?;
    assert!(lock.still_held()?);
    let refused = acquire_async(fixture.path()).await.unwrap_err();
    assert!(refused.holder().unwrap().is_this_process());
    lock.release()?;
    assert!(fixture.files().is_empty());

    let fixture = fixture.with(DEFAULT_NAME, "");
    let mut waiting = pin!(acquire_async(fixture.path()));
    assert!(polled(waiting.as_mut()).await.is_pending());
    fs::write(fixture.lock(), lock_of_another_process()).unwrap();
    let refused = waiting.await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Held);
    assert_eq!(fixture.files(), [DEFAULT_NAME]);
    Ok(())
}

#[test]
fn it_works_inside_a_current_thread_runtime() -> Result<(), Error> {
    current_thread().block_on(takes_is_refused_and_waits())
}

#[test]
fn it_works_inside_a_multi_thread_runtime_and_as_a_task_of_it() -> Result<(), Error> {
    let runtime = multi_thread();
    runtime.block_on(takes_is_refused_and_waits())?;
    let task = runtime.spawn(takes_is_refused_and_waits());
    runtime.block_on(task).expect("the task does not panic")
}

#[test]
fn it_works_without_any_runtime() -> Result<(), Error> {
    pollster::block_on(takes_is_refused_and_waits())
}

#[test]
fn the_api_that_blocks_works_inside_runtimes_too() -> Result<(), Error> {
    for runtime in [current_thread(), multi_thread()] {
        let fixture = Fixture::stale();
        let lock = runtime.block_on(async { lockhost::acquire(fixture.path()) })?;
        let task = runtime.spawn_blocking(move || lock.release());
        runtime.block_on(task).expect("the task does not panic")?;
        assert!(fixture.files().is_empty());
    }
    Ok(())
}

#[test]
fn what_has_to_be_waited_for_is_waited_for_to_its_end() -> Result<(), Error> {
    let fixture = Fixture::free().with("tinyforge.lock.reclaim", &lock_of_another_process());
    let lock: Lock = pollster::block_on(acquire_async(fixture.path()))?;
    assert!(matches!(
        lock.warnings(),
        [Warning::OtherReclaim { pid: Some(pid), .. }] if *pid == another_process()
    ));
    Ok(())
}

#[test]
fn who_does_not_want_to_wait_is_told_so_at_once() {
    let fixture = Fixture::free().with(DEFAULT_NAME, "");
    let options = Options::new().wait(false);
    let error = pollster::block_on(options.acquire_async(fixture.path())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsettled);
    assert_eq!(fixture.files(), [DEFAULT_NAME]);
}

#[test]
fn a_future_that_is_dropped_gives_up_and_leaves_nothing() {
    // An attempt that waits for a file to settle, and one that has the lock and waits for another program.
    for (file, content) in [
        (DEFAULT_NAME, ""),
        ("tinyforge.lock.reclaim", &lock_of_another_process()),
    ] {
        let fixture = Fixture::free().with(file, content);
        pollster::block_on(async {
            let mut waiting = Box::pin(acquire_async(fixture.path()));
            assert!(polled(waiting.as_mut()).await.is_pending());
            assert!(fixture.files().len() > 1, "{:?}", fixture.files());
            drop(waiting);
        });
        assert_eq!(fixture.files(), [file]);
    }
}

#[test]
fn a_future_that_was_never_polled_has_touched_nothing() {
    let fixture = Fixture::free();
    let waiting = acquire_async(fixture.path().join("missing"));
    drop(waiting);
    assert!(fixture.files().is_empty());
}

#[test]
fn of_many_tasks_exactly_one_gets_in() {
    let runtime = multi_thread();
    let fixture = Fixture::stale();
    let tasks: Vec<_> = (0..64)
        .map(|_| runtime.spawn(acquire_async(fixture.path().to_owned())))
        .collect();
    let outcomes = tasks.into_iter().map(|task| {
        let outcome = runtime.block_on(task);
        outcome.expect("the task does not panic")
    });
    let (owners, refused): (Vec<_>, Vec<_>) = outcomes.partition(Result::is_ok);
    assert_eq!((owners.len(), refused.len()), (1, 63));
    for refusal in refused {
        assert_eq!(refusal.unwrap_err().kind(), ErrorKind::Held);
    }
    drop(owners);
    assert!(fixture.files().is_empty(), "{:?}", fixture.files());
}
