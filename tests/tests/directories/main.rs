//! Directories with any content, from any maker, and for any writer: odd and hostile files, backups, users.

mod backups;
mod files;
mod hostile;
mod users;
