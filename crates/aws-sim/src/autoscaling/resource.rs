//! The service a call is about, by its resource id.

use super::{DIMENSION, NAMESPACE};
use crate::wire::{ApiError, Input};

/// A service by its names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resource<'a> {
    /// `service/<cluster>/<service>`.
    pub(super) id: &'a str,
    pub(super) cluster: &'a str,
    pub(super) service: &'a str,
}

impl<'a> Resource<'a> {
    /// Takes a resource id apart.
    pub(super) fn of(id: &'a str) -> Option<Self> {
        let parts: Vec<&str> = id.split('/').collect();
        match parts[..] {
            ["service", cluster, service] if !cluster.is_empty() && !service.is_empty() => {
                Some(Self {
                    id,
                    cluster,
                    service,
                })
            }
            _ => None,
        }
    }
}

/// Reads namespace, resource id and dimension.
pub(super) fn read<'a>(input: &Input<'a>) -> Result<Resource<'a>, ApiError> {
    namespace(input)?;
    let id = input.need_str("ResourceId")?;
    dimension(input.need_str("ScalableDimension")?)?;
    Resource::of(id).ok_or_else(|| {
        ApiError::validation(format!(
            "Unsupported service namespace, resource type or scalable dimension: '{id}' is not \
             service/<cluster>/<service>"
        ))
    })
}

/// Reads what a describing call filters by: the namespace, and perhaps a resource id.
pub(super) fn filter<'a>(input: &Input<'a>) -> Result<Option<&'a str>, ApiError> {
    namespace(input)?;
    if let Some(text) = input.str("ScalableDimension")? {
        dimension(text)?;
    }
    input.str("ResourceId")
}

fn namespace(input: &Input<'_>) -> Result<(), ApiError> {
    match input.need_str("ServiceNamespace")? {
        NAMESPACE => Ok(()),
        other => Err(ApiError::validation(format!(
            "The simulator scales only the service namespace ecs, not '{other}'"
        ))),
    }
}

fn dimension(text: &str) -> Result<(), ApiError> {
    if text == DIMENSION {
        return Ok(());
    }
    Err(ApiError::validation(format!(
        "Unsupported scalable dimension '{text}' for service namespace ecs"
    )))
}

/// `ObjectNotFoundException`.
pub(super) fn not_found(message: String) -> ApiError {
    ApiError::client("ObjectNotFoundException", message)
}
