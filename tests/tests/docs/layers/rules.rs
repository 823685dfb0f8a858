//! The rules for which module may import from which.

use super::source::{Crate, Files, Import, Module};

/// A source folder, and its layers.
pub(super) struct Library {
    /// The file that the crate begins with.
    pub(super) root: &'static str,
    /// Its modules, the lowest first. Those in one line import nothing from each other.
    pub(super) layers: &'static [&'static str],
    /// The same for the modules inside a module, by the path that leads to it. A module without an entry here has none
    /// inside, except for tests.
    pub(super) rooms: &'static [(&'static str, &'static [&'static str])],
    /// Modules whose inside has no order.
    pub(super) free: &'static [&'static str],
}

impl Library {
    /// Returns everything that breaks a rule, in lines to be read.
    pub(super) fn flaws(&self, files: &Files) -> Vec<String> {
        let found = Crate::read(files, self.root);
        let mut flaws: Vec<String> = found
            .imports
            .iter()
            .filter_map(|it| self.flaw(it))
            .collect();
        for (module, names) in &found.modules {
            let Some((name, room)) = module.split_last() else {
                continue;
            };
            if !self.is_free(room) && self.level(room, name).is_none() {
                let room = if room.is_empty() {
                    "the list".to_owned()
                } else {
                    room.join("::")
                };
                flaws.push(format!("{}:1: {name} has no layer in {room}", names[0]));
            }
        }
        let all = self.rooms.iter().map(|(room, layers)| (*room, *layers));
        for (room, layers) in all.chain([("", self.layers)]) {
            for name in layers.iter().flat_map(|line| line.split(' ')) {
                let mut module = path(room);
                module.push(name.to_owned());
                let lies_elsewhere = |it: &Import| it.to.starts_with(&module);
                if !found.modules.contains_key(&module) && !found.imports.iter().any(lies_elsewhere)
                {
                    flaws.push(format!(
                        "the list names {}, which is not there",
                        module.join("::")
                    ));
                }
            }
        }
        flaws
    }

    /// Returns files that the crate does not lead to.
    pub(super) fn unread<'a>(&self, files: &'a Files) -> Vec<&'a str> {
        let found = Crate::read(files, self.root);
        let read: Vec<&String> = found
            .modules
            .values()
            .flatten()
            .chain(&found.tests)
            .collect();
        let names = files.keys();
        names
            .filter(|it| !read.contains(it))
            .map(String::as_str)
            .collect()
    }

    fn flaw(&self, import: &Import) -> Option<String> {
        let Import {
            file,
            line,
            from,
            to,
        } = import;
        let shared = from.iter().zip(to).take_while(|(one, other)| one == other);
        let room = &from[..shared.count()];
        let (mine, theirs) = (from.get(room.len()), to.get(room.len()));
        // A module itself stands above all that is in it.
        let mine = mine?;
        if self.is_free(room) {
            return None;
        }
        let rule = match theirs {
            None if room.is_empty() => format!("{mine} imports from the root of its crate"),
            None => format!(
                "{mine} imports from {}, the module that it is in",
                room.join("::")
            ),
            // Without a layer, which is reported for the module.
            Some(theirs) if self.level(room, mine)? > self.level(room, theirs)? => return None,
            Some(theirs) => format!("{mine} imports from {theirs}, which is not below it"),
        };
        Some(format!("{file}:{line}: {rule}"))
    }

    /// Returns how high a module stands among those beside it.
    fn level(&self, room: &[String], name: &str) -> Option<usize> {
        let layers = match room {
            [] => self.layers,
            room => {
                let room = room.join("::");
                self.rooms.iter().find(|it| it.0 == room)?.1
            }
        };
        layers
            .iter()
            .position(|line| line.split(' ').any(|it| it == name))
    }

    /// Returns whether there is no order in this room: it is deep in one that has one, or is listed as free.
    fn is_free(&self, room: &[String]) -> bool {
        let name = room.join("::");
        let is_deep = room.len() > 1;
        let is_listed = self.rooms.iter().any(|it| it.0 == name);
        !is_listed && (is_deep || self.free.contains(&&*name))
    }
}

fn path(room: &str) -> Module {
    room.split("::")
        .filter(|it| !it.is_empty())
        .map(str::to_owned)
        .collect()
}
