//! Why a command of the program ended without doing what was asked, as its exit code says it.

use app::desk::DeskError;
use door::audit::AuditError;
use door::checkpoint::CheckpointError;
use door::{DoorError, StoreError};
use store::KeyError;
use store::cluster::ClusterError;

/// Why a command failed. The words say what happened, to which thing, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Something was found wrong, or the platform refused what was asked.
    #[error("{0}")]
    Wrong(String),
    /// An argument that can be read and makes no sense.
    #[error("{0}")]
    Usage(String),
    /// A file, a database or the network could not be opened or reached.
    #[error("{0}")]
    Unreachable(String),
}

impl Failure {
    /// What the process ends with.
    pub fn exit_code(&self) -> u8 {
        match self {
            Failure::Wrong(_) => 1,
            Failure::Usage(_) => 2,
            Failure::Unreachable(_) => 3,
        }
    }

    /// A file that the system did not let us use.
    pub fn file(path: &std::path::Path, doing: &str, why: impl std::fmt::Display) -> Failure {
        Failure::Unreachable(format!("{} could not be {doing}: {why}", path.display()))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        Failure::Unreachable(error.to_string())
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Failure {
        Failure::Unreachable(error.to_string())
    }
}

impl From<ClusterError> for Failure {
    fn from(error: ClusterError) -> Failure {
        Failure::Unreachable(error.to_string())
    }
}

impl From<CheckpointError> for Failure {
    fn from(error: CheckpointError) -> Failure {
        match error {
            CheckpointError::Store(error) => error.into(),
            CheckpointError::File { .. } => Failure::Unreachable(error.to_string()),
            CheckpointError::Malformed(_) | CheckpointError::NotGenuine { .. } => Failure::Wrong(error.to_string()),
        }
    }
}

impl From<AuditError> for Failure {
    fn from(error: AuditError) -> Failure {
        match error {
            AuditError::Wrong(finding) => Failure::Wrong(finding.to_string()),
            AuditError::Store(error) => error.into(),
            AuditError::Checkpoint(error) => error.into(),
        }
    }
}

impl From<DoorError> for Failure {
    fn from(error: DoorError) -> Failure {
        match error {
            DoorError::Refused(_) | DoorError::Conflict(_) | DoorError::Bug(_) => Failure::Wrong(error.to_string()),
            // Busy, stopped, or the database: what was asked may be asked again.
            _ => Failure::Unreachable(error.to_string()),
        }
    }
}

impl From<DeskError> for Failure {
    fn from(error: DeskError) -> Failure {
        match error {
            DeskError::Door(error) => error.into(),
            DeskError::Store(error) => error.into(),
            other => Failure::Wrong(other.to_string()),
        }
    }
}
