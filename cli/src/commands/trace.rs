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
    let reply = answer
        .map_err(|status| server.failed(&status))?
        .into_inner();
    let (url, left_out) = (reply.url.clone(), reply.left_out);
    let trace = read(reply).map_err(|error| {
        Error::new(Kind::Connection, "the coordinator's answer cannot be read").because(error)
    })?;
    if session.json() {
        session.print_json(&otlp::document(&trace))?;
        return Ok(0);
    }
    let (width, _) = session.size();
    let now = session.now();
    let mut lines = waterfall::lines(&trace, args.all, now, width);
    lines.push(Line::default());
    let id = format!("trace {}", trace.context.trace);
    lines.push(Line::default().and(Tone::Faint, id));
    if !url.is_empty() {
        lines.push(Line::default().and(Tone::Faint, url));
    }
    if left_out > 0 {
        let text = format!("{left_out} spans more are not shown");
        lines.push(Line::default().and(Tone::Warn, text));
    }
    session.print(&lines)?;
    Ok(0)
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
