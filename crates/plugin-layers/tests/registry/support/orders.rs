//! Trees, orders, and logins that are counted.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use shipway_context::{IgnoreFile, PackOptions, pack};
use shipway_domain::spec::{self, BuildSettings, CopyFiles, LayersBuild};
use shipway_plugin::{BuildOrder, Login, LoginSource, PlatformError, Secret};

use super::{PASSWORD, USER};

/// A context, packed.
pub(crate) struct Tree {
    folder: tempfile::TempDir,
}

impl Tree {
    /// Of these files; a name that ends in `*` is executable.
    pub(crate) fn new(files: &[(&str, &[u8])]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("tree");
        for (name, content) in files {
            let path = root.join(name.trim_end_matches('*'));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, content).unwrap();
            let mode = if name.ends_with('*') { 0o755 } else { 0o644 };
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        }
        let options = PackOptions {
            ignore: IgnoreFile::Auto,
            dockerfile: None,
            max_bytes: u64::MAX,
        };
        let out = fs::File::create(folder.path().join("context.tar")).unwrap();
        pack(&root, &options, out).unwrap();
        Self { folder }
    }

    /// The folder that holds the tar.
    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }
}

/// Gives one password after another; the last one for ever.
pub(crate) struct Logins {
    host: String,
    passwords: Vec<String>,
    asked: AtomicUsize,
}

impl Logins {
    pub(crate) fn new(host: &str, passwords: &[&str]) -> Arc<Self> {
        Arc::new(Self {
            host: host.to_owned(),
            passwords: passwords.iter().map(|p| (*p).to_owned()).collect(),
            asked: AtomicUsize::new(0),
        })
    }

    /// How often a login was asked for.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl LoginSource for Logins {
    async fn login(&self) -> Result<Login, PlatformError> {
        let asked = self.asked.fetch_add(1, Ordering::SeqCst);
        let password = &self.passwords[asked.min(self.passwords.len() - 1)];
        Ok(Login {
            host: self.host.clone(),
            user: USER.to_owned(),
            password: Secret::new(password.as_str()),
            plain_http: true,
        })
    }
}

/// An order to copy the whole tree to `/app`, for `<host>/team/app:r-1` and linux/amd64.
pub(crate) fn order(host: &str, tree: &Tree) -> BuildOrder {
    let all = CopyFiles {
        from: ".".to_owned(),
        to: "/app".to_owned(),
    };
    let build = LayersBuild {
        files: vec![all],
        ..LayersBuild::default()
    };
    BuildOrder {
        trace_parent: String::new(),
        context: tree.folder().join("context.tar"),
        settings: BuildSettings {
            builder: spec::Builder::Layers(build),
            platforms: Vec::new(),
            secrets: Vec::new(),
        },
        platforms: vec!["linux/amd64".to_owned()],
        image: format!("{host}/team/app"),
        tags: vec!["r-1".to_owned()],
        labels: Vec::new(),
        source_date_epoch: 1_700_000_000,
        secrets: Vec::new(),
        login: Logins::new(host, &[PASSWORD]),
    }
}

/// The layers settings of an order.
pub(crate) fn layers(order: &mut BuildOrder) -> &mut LayersBuild {
    match &mut order.settings.builder {
        spec::Builder::Layers(build) => build,
        spec::Builder::Docker(_) => panic!("an order for docker"),
    }
}
