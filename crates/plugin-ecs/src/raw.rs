//! JSON past the typed SDK: what it does not know would be lost in it (ecs-facts 6.1).

use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use serde_json::Value;

/// Sends this JSON instead of what the SDK made of its input; set before the request is signed.
#[derive(Debug)]
pub(crate) struct SentBody(pub(crate) String);

impl Intercept for SentBody {
    fn name(&self) -> &'static str {
        "SentBody"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        *request.body_mut() = SdkBody::from(self.0.clone());
        request
            .headers_mut()
            .insert("content-length", self.0.len().to_string());
        Ok(())
    }
}

/// Keeps the body of the answer as it came; clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeptBody(Arc<Mutex<Vec<u8>>>);

impl KeptBody {
    /// The answer as JSON, `Null` when it was none.
    pub(crate) fn json(&self) -> Value {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        serde_json::from_slice(&bytes).unwrap_or(Value::Null)
    }
}

impl Intercept for KeptBody {
    fn name(&self) -> &'static str {
        "KeptBody"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(bytes) = context.response().body().bytes() {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = bytes.to_vec();
        }
        Ok(())
    }
}

/// The member of a JSON object as text; empty when it is not there.
pub(crate) fn member(object: &Value, name: &str) -> String {
    object.get(name).map(Value::to_string).unwrap_or_default()
}
