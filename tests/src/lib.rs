//! What the tests share: the real program, directories as they may be found, contenders for them, and how the component
//! is built.

pub mod aftermath;
pub mod boxed;
pub mod churn;
pub mod component;
pub mod contender;
pub mod dawdle;
pub mod identity;
pub mod mounted;
pub mod original;
pub mod pair;
pub mod plugin;
pub mod program;
pub mod scene;
pub mod schema;
pub mod stepped;
pub mod terminal;
pub mod traced;
pub mod twin;
pub mod under_lock;
pub mod witness;
