//! The room in which the component decides: an instance of it for each run, and the contract's types made this
//! library's own.

mod answers;

use std::{fs::File, sync::Arc};

use wasmtime::component::ResourceAny;
use wasmtime_wasi::filesystem::Descriptor;

use super::{Answer, Backend, Fault, Run};
use crate::{
    bindings::direct::lockfile as wit,
    component::instance::Instance,
    member::Observer,
    outcome::{
        Error, Failure, InspectError, Options, ReleaseError, Report, Restored, Status, Unrestored,
    },
    wasi::directory::as_dir,
};

/// A run of the component.
pub(crate) struct ComponentRun {
    instance: Instance,
    /// The attempt, or the lock that took its place.
    resource: ResourceAny,
    directory: Arc<File>,
}

impl Run for ComponentRun {
    const BACKEND: Backend = Backend::Component;

    fn begin(directory: File, options: Options) -> Result<Self, Fault> {
        let directory = as_dir(directory);
        let kept = Arc::clone(&directory.dir);
        let mut instance = Instance::ready()?
            .with_mode(options.mode)
            .with_member(options.member);
        let options = wit::Options {
            name: options.name,
            assume_dead: options.assume_dead,
        };
        let resource = instance.attempt(Descriptor::Dir(directory), &options)?;
        Ok(Self {
            instance,
            resource,
            directory: kept,
        })
    }

    fn directory(&self) -> &Arc<File> {
        &self.directory
    }

    fn succeed(&mut self, owner: &str) -> Result<(), Fault> {
        self.instance.succeed(self.resource, owner)
    }

    fn proceed(&mut self, elapsed: u64) -> Answer<(), Error> {
        let outcome = self.instance.proceed(self.resource, elapsed)?;
        Ok(outcome
            .map(|lock| self.resource = lock)
            .map_err(Error::from))
    }

    fn report(&mut self) -> Result<Report, Fault> {
        self.instance.report(self.resource).map(Report::from)
    }

    fn still_held(&mut self) -> Answer<bool, Failure> {
        let answer = self.instance.still_held(self.resource)?;
        Ok(answer.map_err(Failure::from))
    }

    fn restore(&mut self, elapsed: u64) -> Answer<Restored, Unrestored> {
        let answer = self.instance.restore(self.resource, elapsed)?;
        Ok(answer.map(Restored::from).map_err(Unrestored::from))
    }

    fn rivals(&mut self) -> Answer<Vec<String>, Failure> {
        let answer = self.instance.rivals(self.resource)?;
        Ok(answer.map_err(Failure::from))
    }

    fn refresh(&mut self) -> Answer<(), Failure> {
        let answer = self.instance.refresh(self.resource)?;
        Ok(answer.map_err(Failure::from))
    }

    fn release(self) -> Answer<(), ReleaseError> {
        let answer = self.instance.release(self.resource)?;
        Ok(answer.map_err(ReleaseError::from))
    }

    fn give_up(self) {
        self.instance.give_up(self.resource);
    }

    fn evidence(&self) -> Option<Arc<File>> {
        self.instance.evidence()
    }

    fn inspect(
        directory: File,
        name: &str,
        observer: Option<Arc<Observer>>,
    ) -> Answer<Status, InspectError> {
        let directory = Descriptor::Dir(as_dir(directory));
        let instance = Instance::ready()?.with_observer(observer);
        let answer = instance.inspect(directory, name)?;
        Ok(answer.map(Status::from).map_err(InspectError::from))
    }
}

#[cfg(test)]
impl ComponentRun {
    /// Takes the directory away from the component: its next call traps.
    pub(crate) fn lose_directory(&mut self) {
        self.instance.lose_directory();
    }
}
