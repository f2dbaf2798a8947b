//! The tutorial, followed step by step: its files are written, its commands are run, its calls are made.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

#[derive(Debug, PartialEq)]
struct Block {
    kind: String,
    argument: String,
    text: String,
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(head) = line.strip_prefix("```") else { continue };
        let (kind, argument) = head.split_once(' ').unwrap_or((head, ""));
        let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        blocks.push(Block { kind: kind.to_owned(), argument: argument.to_owned(), text: body.join("\n") + "\n" });
    }
    blocks
}

/// A reader in a folder of their own, with the program on the path.
struct Reader {
    folder: tempfile::TempDir,
    server: Option<(Child, String)>,
    token: String,
    answer: String,
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Some((server, _)) = &mut self.server {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

impl Reader {
    fn command(&self, line: &str) -> Command {
        let program = Path::new(env!("CARGO_BIN_EXE_ganglion"));
        #[expect(clippy::disallowed_methods, reason = "the shell needs the path it is found on")]
        let path = std::env::var("PATH").unwrap_or_default();
        let address = self.server.as_ref().map_or("127.0.0.1:8080", |(_, address)| address);
        let line = line.replace("127.0.0.1:8080", address).replace("--port 8080", "--port 0");
        let mut command = Command::new("sh");
        command
            .args(["-c", &line])
            .current_dir(self.folder.path())
            .env("PATH", format!("{}:{path}", program.parent().unwrap().display()))
            .env("GANGLION_HOME", root())
            .env("LC_ALL", "C.UTF-8");
        command
    }

    fn sh(&self, text: &str) {
        for line in text.lines() {
            let output = self.command(line).output().unwrap();
            let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{line}\n{said}");
        }
    }

    fn serve(&mut self, line: &str) {
        let mut server = self
            .command(&format!("exec {}", line.trim()))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        BufReader::new(server.stdout.as_mut().unwrap()).read_line(&mut ready).unwrap();
        let address = ready.trim().strip_prefix("ready http://").unwrap_or_else(|| panic!("{ready}")).to_owned();
        self.server = Some((server, address));
    }

    fn http(&mut self, text: &str) {
        let (head, body) = text.split_once('\n').unwrap();
        let body = body.trim();
        let (_, address) = self.server.as_ref().unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        write!(
            stream,
            "{head} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
             accept-language: en\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            self.token,
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status: u16 = answer.split(' ').nth(1).unwrap().parse().unwrap();
        assert!((200..300).contains(&status), "{head}\n{answer}");
        if let Some((_, rest)) = answer.split_once("\"token\":\"") {
            rest.split('"').next().unwrap().clone_into(&mut self.token);
        }
        self.answer = answer;
    }

    fn file(&self, path: &str, text: &str) {
        let full = self.folder.path().join(path);
        std::fs::create_dir_all(full.parent().unwrap()).unwrap();
        std::fs::write(full, text).unwrap();
    }

    fn follow(&mut self, block: &Block) {
        match block.kind.as_str() {
            "sh" => self.sh(&block.text),
            "serve" => self.serve(&block.text),
            "http" => self.http(&block.text),
            "answer" => {
                for line in block.text.lines() {
                    assert!(self.answer.contains(line), "{line}\nin\n{}", self.answer);
                }
            }
            "scenario" => {
                let plain = |line: &str| line.strip_prefix("    ").unwrap_or(line).to_owned() + "\n";
                self.file(&block.argument, &block.text.lines().map(plain).collect::<String>());
            }
            "yaml" | "csv" | "typst" if !block.argument.is_empty() => self.file(&block.argument, &block.text),
            other => panic!("a block of kind `{other}` is followed by nobody"),
        }
    }
}

#[test]
fn the_tutorial_works_as_it_is_written() {
    let text = std::fs::read_to_string(root().join("docs/packs/tutorial.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut reader = Reader { folder, server: None, token: String::new(), answer: String::new() };
    let blocks = blocks(&text);
    assert!(blocks.len() > 12, "{} blocks", blocks.len());
    blocks.iter().for_each(|block| reader.follow(block));
}

/// What stands in both languages is followed in one: the other may not say something else.
#[test]
fn the_chinese_tutorial_has_the_same_files_and_commands() {
    let of = |name: &str| blocks(&std::fs::read_to_string(root().join("docs/packs").join(name)).unwrap());
    assert_eq!(of("tutorial.zh-CN.md"), of("tutorial.md"));
}
