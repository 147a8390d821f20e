//! What the figures stand beside: the raw disk, beanstalkd and PostgreSQL.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::client::Round;

/// Bytes of one record or job.
const PAYLOAD: usize = 1024;

/// Appends 1 KiB and syncs, again and again.
pub fn disk(folder: &Path, span: Duration) -> anyhow::Result<Round> {
    let mut file = File::create(folder.join("appended"))?;
    let payload = [b'x'; PAYLOAD];
    one_after_the_other(span, || {
        file.write_all(&payload)?;
        Ok(file.sync_data()?)
    })
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
fn one_after_the_other(
    span: Duration,
    mut act: impl FnMut() -> anyhow::Result<()>,
) -> anyhow::Result<Round> {
    let mut spans = Vec::new();
    let begin = Instant::now();
    while begin.elapsed() < span {
        let start = Instant::now();
        act()?;
        spans.push(start.elapsed());
    }
    let rate = spans.len() as f64 / begin.elapsed().as_secs_f64();
    Ok(Round {
        spans,
        rate,
        last: 0,
    })
}

/// A process that is killed when it goes.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Puts into `beanstalkd -f0` (a sync for every write); `None` where it is not installed.
pub fn beanstalkd(folder: &Path, clients: usize, span: Duration) -> anyhow::Result<Option<Round>> {
    let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let log = folder.join(format!("beanstalkd-{clients}"));
    fs::create_dir(&log)?;
    let started = Command::new("beanstalkd")
        .args([
            "-l",
            "127.0.0.1",
            "-f0",
            "-p",
            &port.port().to_string(),
            "-b",
        ])
        .arg(&log)
        .stderr(Stdio::null())
        .spawn();
    let Ok(child) = started else { return Ok(None) };
    let _killed = Killed(child);
    let begin = Instant::now();
    while TcpStream::connect(port).is_err() {
        anyhow::ensure!(
            begin.elapsed() < Duration::from_secs(5),
            "beanstalkd is mute"
        );
        thread::sleep(Duration::from_millis(10));
    }
    let command = format!("put 0 0 60 {PAYLOAD}\r\n{}\r\n", "x".repeat(PAYLOAD));
    thread::scope(|scope| {
        let threads: Vec<_> = (0..clients)
            .map(|_| {
                scope.spawn(|| {
                    let mut stream = TcpStream::connect(port)?;
                    stream.set_nodelay(true)?;
                    let mut answers = BufReader::new(stream.try_clone()?);
                    let mut answer = String::new();
                    one_after_the_other(span, || {
                        stream.write_all(command.as_bytes())?;
                        answer.clear();
                        answers.read_line(&mut answer)?;
                        anyhow::ensure!(answer.starts_with("INSERTED"), "{answer}");
                        Ok(())
                    })
                })
            })
            .collect();
        let mut all = Round::default();
        for thread in threads {
            let round = thread.join().map_err(|_| anyhow::anyhow!("panicked"))??;
            all.rate += round.rate;
            all.spans.extend(round.spans);
        }
        Ok(Some(all))
    })
}

/// A PostgreSQL server of our own.
pub struct Postgres {
    _server: Killed,
    programs: PathBuf,
    folder: PathBuf,
    as_root: bool,
}

impl Postgres {
    /// Starts one with its usual settings (synchronous commit); `None` where it is not installed.
    pub fn start(folder: &Path) -> anyhow::Result<Option<Self>> {
        let Ok(versions) = fs::read_dir("/usr/lib/postgresql") else {
            return Ok(None);
        };
        let versions = versions.flatten().map(|version| version.path().join("bin"));
        let Some(programs) = versions.filter(|bin| bin.join("initdb").exists()).max() else {
            return Ok(None);
        };
        let id = Command::new("id").arg("-u").output()?;
        let as_root = id.stdout.trim_ascii() == b"0";
        let folder = folder.join("pg");
        fs::create_dir(&folder)?;
        if as_root {
            // It refuses to run as root.
            let parent = folder.parent().context("a parent")?;
            run(Command::new("chmod").arg("711").arg(parent))?;
            run(Command::new("chown").arg("postgres").arg(&folder))?;
        }
        let data = folder.join("data");
        let command = |program: &str| {
            let mut command = if as_root {
                let mut command = Command::new("setpriv");
                command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
                command.arg(programs.join(program));
                command
            } else {
                Command::new(programs.join(program))
            };
            command
                .current_dir(&folder)
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            command
        };
        run(command("initdb")
            .args(["-A", "trust", "-U", "postgres", "-D"])
            .arg(&data))?;
        let server = command("postgres")
            .args(["-c", "listen_addresses=", "-k"])
            .arg(&folder)
            .arg("-D")
            .arg(&data)
            .spawn()?;
        let postgres = Self {
            _server: Killed(server),
            programs: programs.clone(),
            folder: folder.clone(),
            as_root,
        };
        let begin = Instant::now();
        let table = "create table jobs (id bigserial primary key, body text not null)";
        while run(postgres.client("psql").args(["-c", table])).is_err() {
            anyhow::ensure!(
                begin.elapsed() < Duration::from_secs(20),
                "PostgreSQL is mute"
            );
            thread::sleep(Duration::from_millis(100));
        }
        Ok(Some(postgres))
    }

    fn client(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.arg("-h").arg(&self.folder).args(["-U", "postgres"]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// Inserts of one row each, committed each.
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
    pub fn insert(&self, clients: usize, span: Duration) -> anyhow::Result<Round> {
        let own = tempfile::tempdir()?;
        let script = own.path().join("insert.sql");
        let insert = format!(
            "insert into jobs (body) values ('{}');\n",
            "x".repeat(PAYLOAD)
        );
        fs::write(&script, insert)?;
        let threads = clients.min(2).to_string();
        run(self
            .client("pgbench")
            .current_dir(own.path())
            .args(["-n", "-l", "-M", "prepared", "-j", &threads])
            .args([
                "-c",
                &clients.to_string(),
                "-T",
                &span.as_secs().max(1).to_string(),
            ])
            .arg("-f")
            .arg(&script)
            .arg("postgres"))?;
        let mut spans = Vec::new();
        for file in fs::read_dir(own.path())?.flatten() {
            if file
                .file_name()
                .to_string_lossy()
                .starts_with("pgbench_log")
            {
                for line in fs::read_to_string(file.path())?.lines() {
                    let micros = line.split(' ').nth(2).context("a time")?;
                    spans.push(Duration::from_micros(micros.parse()?));
                }
            }
        }
        let rate = spans.len() as f64 / span.as_secs().max(1) as f64;
        Ok(Round {
            spans,
            rate,
            last: 0,
        })
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Its children end with it; what is owned by another user goes here.
        drop(self._server.0.kill());
        drop(self._server.0.wait());
        if self.as_root {
            drop(fs::remove_dir_all(&self.folder));
        }
    }
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status()?;
    anyhow::ensure!(status.success(), "{command:?}: {status}");
    Ok(())
}
