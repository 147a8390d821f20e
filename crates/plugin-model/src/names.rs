//! Names and ARNs of ECS (ecs-facts 3.3).

use shipway_plugin::Place;

/// Prefix of deployment ids.
pub(crate) const DEPLOYMENT: &str = "ecs-svc/";

/// Where a service is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ServiceKey {
    pub(crate) place: Place,
    pub(crate) cluster: String,
    pub(crate) service: String,
}

impl ServiceKey {
    pub(crate) fn new(place: &Place, cluster: &str, service: &str) -> Self {
        Self {
            place: place.clone(),
            cluster: cluster.to_owned(),
            service: service.to_owned(),
        }
    }

    pub(crate) fn arn(&self) -> String {
        self.named("service", None)
    }

    pub(crate) fn deployment(&self, id: &str) -> String {
        self.named("service-deployment", Some(id))
    }

    /// The digits are those of the deployment id; AWS does not promise that.
    pub(crate) fn revision(&self, deployment: &str) -> String {
        let digits = deployment.strip_prefix(DEPLOYMENT).unwrap_or(deployment);
        self.named("service-revision", Some(digits))
    }

    pub(crate) fn task(&self, id: &str) -> String {
        arn(&self.place, &format!("task/{}/{id}", self.cluster))
    }

    fn named(&self, kind: &str, id: Option<&str>) -> String {
        let mut rest = format!("{kind}/{}/{}", self.cluster, self.service);
        if let Some(id) = id {
            rest.push('/');
            rest.push_str(id);
        }
        arn(&self.place, &rest)
    }
}

/// The service that an ARN of this kind belongs to, and its last part.
pub(crate) fn parse<'a>(place: &Place, kind: &str, text: &'a str) -> Option<(ServiceKey, &'a str)> {
    let rest = text.strip_prefix(&arn(place, kind))?;
    let mut parts = rest.strip_prefix('/')?.split('/');
    let (cluster, service, id) = (parts.next()?, parts.next()?, parts.next()?);
    let over = parts.next().is_none();
    over.then(|| (ServiceKey::new(place, cluster, service), id))
}

pub(crate) fn arn(place: &Place, rest: &str) -> String {
    format!("arn:aws:ecs:{}:{}:{rest}", place.region, place.account)
}
