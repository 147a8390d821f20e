//! An image made of files on a base image.

use shipway_domain::document::Pointer;
use shipway_domain::spec::{CopyFiles, LayersBuild};

use super::Resolver;
use crate::path;

impl Resolver<'_> {
    pub(super) fn layers(&mut self) -> LayersBuild {
        let at = Pointer::root().name("build").name("layers");
        let layers = &self.file().build.layers;
        if layers.files.is_empty() {
            let help = "name what is copied: files = [{ from = \"target/app\", to = \"/app\" }]";
            self.error(&at.name("files"), "no files go into the image", [help]);
        }
        for (place, copy) in layers.files.iter().enumerate() {
            let at = at.name("files").index(place);
            if path::leads_out(&path::join("", &copy.from)) {
                let message = format!("{:?} is outside of the context", copy.from);
                self.error(
                    &at.name("from"),
                    message,
                    ["from is relative to build.context"],
                );
            }
            if !copy.to.starts_with('/') {
                let message = format!("{:?} is no absolute path", copy.to);
                self.error(
                    &at.name("to"),
                    message,
                    [format!("write {:?}", format!("/{}", copy.to))],
                );
            }
        }
        for (place, port) in layers.ports.iter().enumerate() {
            let (number, protocol) = port.split_once('/').unwrap_or((port, ""));
            let known = matches!(protocol, "tcp" | "udp");
            if !known || !number.parse::<u16>().is_ok_and(|number| number > 0) {
                let help = "permitted: 1 to 65535, and /tcp or /udp, as in \"8080/tcp\"";
                self.error(
                    &at.name("ports").index(place),
                    format!("{port:?} is no port"),
                    [help],
                );
            }
        }
        let copies = layers.files.iter().map(|copy| CopyFiles {
            from: copy.from.clone(),
            to: copy.to.clone(),
        });
        LayersBuild {
            base: layers.base.clone().filter(|base| base != "scratch"),
            files: copies.collect(),
            entrypoint: layers.entrypoint.clone(),
            command: layers.command.clone(),
            env: layers.env.clone().into_iter().collect(),
            labels: layers.labels.clone().into_iter().collect(),
            user: layers.user.clone(),
            workdir: layers.workdir.clone(),
            ports: layers.ports.clone(),
        }
    }
}
