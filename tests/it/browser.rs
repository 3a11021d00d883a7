//! A headless Chromium, driven over its debugging pipe: what a person would see of a page, and what it asked the network.
//!
//! The protocol is JSON with a zero byte behind each message, over the file descriptors 3 and 4 of the browser
//! (`--remote-debugging-pipe`): no port, no library.

use serde_json::{Value, json};
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

/// Names a browser; without it the usual names are looked for.
const PROGRAM: &str = "AURORACTL_TEST_CHROMIUM";
/// Where this is set, a machine without a browser fails the tests that need one.
const REQUIRED: &str = "AURORACTL_TEST_BROWSER_REQUIRED";
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];
/// A cold start on a busy machine takes its time.
const PATIENCE: Duration = Duration::from_secs(120);
const ARGUMENTS: [&str; 11] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
];

/// How a page is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    /// Name of its picture.
    pub(crate) name: &'static str,
    /// Width and height of the window, in pixels.
    pub(crate) size: (u32, u32),
    /// In the dark.
    pub(crate) dark: bool,
    /// On paper.
    pub(crate) print: bool,
}

/// The browser.
pub(crate) struct Browser {
    process: Child,
    requests: File,
    answers: Receiver<Value>,
    session: Option<String>,
    events: Vec<Value>,
    last: u64,
    _home: tempfile::TempDir,
}

impl Browser {
    /// Starts one; `None`, and a loud line, where this machine has none.
    #[expect(clippy::explicit_write, reason = "past the capture of a test's output")]
    pub(crate) fn start() -> Option<Self> {
        let Some(program) = find() else {
            assert!(std::env::var_os(REQUIRED).is_none(), "{REQUIRED} is set, and there is no Chromium");
            writeln!(
                std::io::stderr(),
                "skipped: no Chromium on this machine; the page was not looked at (apt-get install chromium)"
            )
            .unwrap();
            return None;
        };
        Some(Self::launch(&program))
    }

    fn launch(program: &Path) -> Self {
        let home = tempfile::tempdir().unwrap();
        let pipe = |name: &str| {
            let path = home.path().join(name);
            assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
            path
        };
        let (to, from) = (pipe("to"), pipe("from"));
        let mut command = Command::new("sh");
        command.args(["-c", "to=$1 from=$2; shift 2; exec \"$@\" 3<\"$to\" 4>\"$from\"", "browser"]);
        command.arg(&to).arg(&from).arg(program).args(ARGUMENTS);
        command.arg(format!("--user-data-dir={}", home.path().join("profile").display())).env("HOME", home.path());
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let requests = OpenOptions::new().write(true).open(&to).unwrap();
        let mut reader = BufReader::new(File::open(&from).unwrap());
        let (tell, answers) = mpsc::channel();
        thread::spawn(move || {
            let mut message = Vec::new();
            while reader.read_until(0, &mut message).is_ok_and(|read| read > 1) {
                message.pop();
                if tell.send(serde_json::from_slice(&message).unwrap()).is_err() {
                    return;
                }
                message.clear();
            }
        });
        let mut browser = Self { process, requests, answers, session: None, events: Vec::new(), last: 0, _home: home };
        let page = browser.call("Target.createTarget", json!({"url": "about:blank"}));
        let attached = browser.call("Target.attachToTarget", json!({"targetId": page["targetId"], "flatten": true}));
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Network", "Log", "Runtime"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser
    }

    /// Calls a method and waits for its answer; what happens meanwhile is kept.
    fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.last += 1;
        let mut request = json!({"id": self.last, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            request["sessionId"] = json!(session);
        }
        self.requests.write_all(format!("{request}\0").as_bytes()).unwrap();
        loop {
            let message = self.answers.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no answer to {method}"));
            if message["id"] == json!(self.last) {
                assert!(message["error"].is_null(), "{method}: {}", message["error"]);
                return message["result"].clone();
            }
            self.events.push(message);
        }
    }

    /// Waits until something has happened.
    fn wait(&mut self, event: &str) {
        while !self.events.iter().any(|one| one["method"] == event) {
            let message = self.answers.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{event} never came"));
            self.events.push(message);
        }
    }

    /// Opens a file as this view.
    pub(crate) fn open(&mut self, view: View, page: &Path) {
        self.events.clear();
        let (width, height) = view.size;
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500});
        self.call("Emulation.setDeviceMetricsOverride", metrics);
        let scheme = if view.dark { "dark" } else { "light" };
        let media = if view.print { "print" } else { "screen" };
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.call("Emulation.setEmulatedMedia", json!({"media": media, "features": features}));
        self.call("Page.navigate", json!({"url": format!("file://{}", page.display())}));
        self.wait("Page.loadEventFired");
    }

    /// The value of an expression on the page.
    pub(crate) fn ask(&mut self, expression: &str) -> Value {
        let answer = self.call("Runtime.evaluate", json!({"expression": expression, "returnByValue": true}));
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Everything that the page complained about, and every address but its own that it asked for.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let of = |event: &Value| match event["method"].as_str()? {
            "Log.entryAdded" => Some(event["params"]["entry"]["text"].to_string()),
            "Runtime.consoleAPICalled" | "Runtime.exceptionThrown" | "Page.javascriptDialogOpening" => {
                Some(event["params"].to_string())
            }
            "Network.requestWillBeSent" => {
                let url = event["params"]["request"]["url"].as_str()?;
                (event["params"]["type"] != "Document").then(|| format!("asked for {url}"))
            }
            _ => None,
        };
        self.events.iter().filter_map(of).collect()
    }

    /// The whole page as a picture, in Base64 of PNG.
    pub(crate) fn picture(&mut self) -> String {
        let answer = self.call("Page.captureScreenshot", json!({"format": "png", "captureBeyondViewport": true}));
        answer["data"].as_str().unwrap().to_owned()
    }

    /// The page on paper, in Base64 of PDF.
    pub(crate) fn paper(&mut self) -> String {
        let answer = self.call("Page.printToPDF", json!({"preferCSSPageSize": true, "printBackground": false}));
        answer["data"].as_str().unwrap().to_owned()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The browser of this machine, if it has one.
fn find() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(PROGRAM) {
        return Some(PathBuf::from(named));
    }
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH")?).collect();
    let all = NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    all.into_iter().find(|path| path.is_file())
}
