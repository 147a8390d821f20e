//! `shipway trace`: a release span by span, from what the coordinator keeps.

use shipway_domain::ids::ReleaseId;
use shipway_domain::time::Timestamp;
use shipway_domain::trace::{Context, Span, Trace};
use shipway_proto::{ConversionError, v1};

use crate::error::{Error, Kind};
use crate::json::otlp;
use crate::session::Session;
use crate::text::line::{Line, Tone};
use crate::text::waterfall;

/// Options of `trace`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The release
    pub release: ReleaseId,
    /// Every call that agents made, also those that were quick and went well
    #[arg(long)]
    pub all: bool,
}

/// Shows the trace.
pub(crate) async fn run(args: Args, session: &mut Session<'_>) -> Result<u8, Error> {
    let server = session.server().await?;
    let request = v1::TraceRequest {
        release: args.release.number(),
    };
    let answer = server.client.clone().trace(request).await;
    let reply = answer.map_err(|status| server.failed(&status))?;
    show(reply.into_inner(), args.all, session)?;
    Ok(0)
}

fn show(reply: v1::TraceReply, all: bool, session: &mut Session<'_>) -> Result<(), Error> {
    let (url, left_out) = (reply.url.clone(), reply.left_out);
    let left_out = (left_out > 0).then(|| format!("{left_out} spans more are left out"));
    let now = now(&reply, session.now());
    let trace = read(reply).map_err(|error| {
        Error::new(Kind::Connection, "the coordinator's answer cannot be read").because(error)
    })?;
    if session.json() {
        session.print_json(&otlp::document(&trace))?;
        // The document has no place for it.
        if let Some(text) = left_out {
            session.note(&text)?;
        }
        return Ok(());
    }
    let (width, _) = session.size();
    let mut lines = waterfall::lines(&trace, all, now, width);
    lines.push(Line::default());
    if let Some(text) = left_out {
        lines.push(Line::default().and(Tone::Warn, text));
    }
    if !url.is_empty() {
        lines.push(Line::default().and(Tone::Faint, url));
    }
    lines.push(waterfall::ending(&trace, now));
    session.print(&lines)
}

/// The time by the clock that the spans are told by; of a coordinator that does not say it, ours has to do.
const fn now(reply: &v1::TraceReply, ours: Timestamp) -> Timestamp {
    match reply.now_ms {
        0 => ours,
        theirs => Timestamp::from_millis(theirs),
    }
}

fn read(reply: v1::TraceReply) -> Result<Trace, ConversionError> {
    let spans: Result<Vec<Span>, _> = reply.spans.into_iter().map(TryInto::try_into).collect();
    let context = Context::parse(&reply.trace_parent).unwrap_or_else(|| {
        // An id that nobody has: there is nothing that could be looked up by it.
        Context::fresh(shipway_domain::trace::TraceId([0; 16]))
    });
    let mut spans = spans?;
    // What goes on has no end before now; whoever shows it says so.
    for span in &mut spans {
        span.until = span.until.filter(|until| *until > Timestamp::ZERO);
    }
    Ok(Trace { context, spans })
}

#[cfg(test)]
mod tests {
    use shipway_runtime::Clock;

    use super::*;
    use crate::args::Global;
    use crate::io::Io;
    use crate::spans::Spans;

    const BEGAN_MS: u64 = 1_767_268_800_000;

    /// What is written of a release that goes on, where this machine's clock is a day ahead: stdout and stderr.
    fn shown(now_ms: u64, json: bool) -> (String, String) {
        let (mut io, captured) = Io::captured(".");
        io.clock = Clock::of_tokio(BEGAN_MS + 86_400_000);
        let mut spans = Spans::begin("trace", &io.clock, None);
        let mut session = Session {
            global: Global {
                json,
                ..Global::default()
            },
            spans: &mut spans,
            io: &mut io,
        };
        let reply = v1::TraceReply {
            trace_parent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned(),
            spans: vec![v1::TraceSpan {
                id: vec![1; 8],
                what: "release".to_owned(),
                name: "deploy web → prod".to_owned(),
                from_ns: BEGAN_MS * 1_000_000,
                ..v1::TraceSpan::default()
            }],
            left_out: 12,
            now_ms,
            ..v1::TraceReply::default()
        };
        show(reply, false, &mut session).unwrap();
        (captured.out.text(), captured.err.text())
    }

    #[tokio::test]
    async fn what_goes_on_is_told_by_the_coordinators_clock_if_it_says_its_time() {
        let (theirs, _) = shown(BEGAN_MS + 90_000, false);
        assert!(theirs.contains("not ended after 1 m 30 s "), "{theirs}");
        assert!(theirs.contains("prod  1 m 30 s…  █"), "{theirs}");
        let (ours, _) = shown(0, false);
        assert!(ours.contains("not ended after 1 d "), "{ours}");
    }

    #[tokio::test]
    async fn what_is_left_out_is_said_on_the_screen_and_beside_the_document() {
        let said = "12 spans more are left out\n";
        let (screen, err) = shown(0, false);
        assert!(screen.contains(said) && err.is_empty(), "{screen}{err}");
        let (document, err) = shown(0, true);
        assert!(document.starts_with("{\"resourceSpans\":"), "{document}");
        assert_eq!(err, said);
    }
}
