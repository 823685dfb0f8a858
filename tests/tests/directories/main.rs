//! Whatever a directory holds, whoever made it, and whoever may write there: odd and hostile files, backups, users.

mod backups;
mod files;
mod hostile;
mod users;
