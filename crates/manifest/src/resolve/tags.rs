//! The tags of what is pushed.

use shipway_domain::document::Pointer;
use shipway_domain::spec::{ImageTag, RepositorySettings, Revision, Source, TagMutability};
use shipway_domain::tags::{
    BadPattern, PLACEHOLDERS, TagFacts, TagPattern, highest_version, wildcard_matches,
};

use super::Resolver;
use crate::suggest;

impl Resolver<'_> {
    /// The tags; none when nothing is pushed.
    pub(super) fn tags(&mut self, create: Option<&RepositorySettings>) -> Option<Vec<ImageTag>> {
        let at = Pointer::root().name("image").name("tags");
        let written = self.file().image.tags.clone();
        let written = written.unwrap_or_else(|| vec!["{sha}".to_owned()]);
        let mut patterns = Vec::new();
        for (place, text) in written.iter().enumerate() {
            match TagPattern::parse(text) {
                Ok(pattern) => patterns.push((at.index(place), text, pattern)),
                Err(bad) => self.bad_pattern(&at.index(place), text, &bad),
            }
        }
        if patterns.len() < written.len() {
            return None;
        }
        let (revision, dirt) = match self.facts.source {
            Source::Image { .. } => return Some(Vec::new()),
            Source::Context { blob, revision } => (revision.as_ref(), &blob.hex()[..8]),
            Source::Commit { revision, .. } => (Some(revision), ""),
        };
        let version = revision.and_then(|_| highest_version(self.facts.git_tags));
        let facts = TagFacts {
            env: self.env,
            revision,
            version: version.as_deref(),
            dirt,
        };
        let mut tags: Vec<ImageTag> = Vec::new();
        for (at, text, pattern) in &patterns {
            match pattern.resolve(&facts) {
                Some(tag) => {
                    self.may_move(at, &tag, create);
                    if !tags.contains(&tag) {
                        tags.push(tag);
                    }
                }
                None if revision.is_none() && text.contains("sha}") => {
                    let help = "the context is no git work tree, so there is no commit to name";
                    self.warning(at, format!("the tag {text:?} is left out"), help);
                }
                // Most commits have no version.
                None => {}
            }
        }
        if tags.is_empty() {
            tags.push(last_resort(revision, self.facts.source, dirt));
        }
        Some(tags)
    }

    fn bad_pattern(&mut self, at: &Pointer, text: &str, bad: &BadPattern) {
        let named = PLACEHOLDERS.map(|name| format!("{{{name}}}"));
        let mut help = Vec::new();
        if let BadPattern::Unknown(name) = bad {
            help.extend(
                suggest::closest(name, PLACEHOLDERS)
                    .map(|name| format!("did you mean {{{name}}}?")),
            );
        }
        help.push(format!("permitted: text with {}", named.join(", ")));
        self.error(at, format!("{text:?} is no pattern of a tag: {bad}"), help);
    }

    /// A tag that moves needs a repository that lets it.
    fn may_move(&mut self, at: &Pointer, tag: &ImageTag, create: Option<&RepositorySettings>) {
        let Some(TagMutability::Immutable { except }) = create.map(|create| &create.mutability)
        else {
            return;
        };
        if tag.moving
            && !except
                .iter()
                .any(|wildcard| wildcard_matches(wildcard, &tag.tag))
        {
            let message = format!(
                "the tag {:?} moves, but the repository is immutable",
                tag.tag
            );
            let help = "add a wildcard for it to image.create.mutable_tags, such as \"*-latest\"";
            self.error(at, message, [help]);
        }
    }
}

/// What is pushed has a tag, even when no pattern gives one: the commit, or else the content.
fn last_resort(revision: Option<&Revision>, source: &Source, dirt: &str) -> ImageTag {
    let content = match source {
        Source::Context { blob, .. } => &blob.hex()[..12],
        Source::Commit { .. } | Source::Image { .. } => "none",
    };
    let tag = match revision {
        Some(revision) if revision.dirty => format!("{}-dirty-{dirt}", revision.commit),
        Some(revision) => revision.commit.clone(),
        None => format!("context-{content}"),
    };
    ImageTag { tag, moving: false }
}
