/**
 * `meshquake completion`: a script that teaches a shell the commands and options, made from the
 * command list itself.
 */
import { Argument, type Command } from 'commander';
import type { CliContext } from './cli-io.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

const HELP = `
Examples:
  $ source <(meshquake completion bash)
  $ meshquake completion zsh > "\${fpath[1]}/_meshquake"
  $ meshquake completion fish > ~/.config/fish/completions/meshquake.fish`;

/** What can be typed after a command. */
interface Words {
  readonly command: string;
  readonly summary: string;
  readonly words: readonly string[];
}

export function completionCommand(program: Command, context: CliContext): void {
  program
    .command('completion')
    .summary('a completion script for a shell')
    .description('Prints a completion script for bash, zsh or fish.')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .addHelpText('after', HELP)
    .action((shell: Shell) => {
      const commands = program.commands.map(wordsOf);
      context.io.stdout.write(SCRIPTS[shell](commands));
    });
}

function wordsOf(command: Command): Words {
  const options = command.options.flatMap((option) => option.long ?? option.short ?? []);
  const nested = command.commands.map((child) => child.name());
  const summary = (command.summary() || command.description()).replaceAll("'", '');
  return { command: command.name(), summary, words: [...nested, ...options, '--help'] };
}

const SCRIPTS: Readonly<Record<Shell, (commands: readonly Words[]) => string>> = {
  bash: bashScript,
  zsh: (commands) => `#compdef meshquake
autoload -U +X bashcompinit && bashcompinit
${bashScript(commands)}`,
  fish: fishScript,
};

function bashScript(commands: readonly Words[]): string {
  const names = commands.map(({ command }) => command).join(' ');
  const cases = commands.map(
    ({ command, words }) => `    ${command}) words='${words.join(' ')}' ;;`,
  );
  return `_meshquake() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words='${names} --help --version'
  if [ "$COMP_CWORD" -gt 1 ]; then
    case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
    *) words='' ;;
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  case "$current" in
    -*) ;;
    *) [ "$COMP_CWORD" -gt 1 ] && COMPREPLY+=($(compgen -f -- "$current")) ;;
  esac
}
complete -o filenames -F _meshquake meshquake
`;
}

function fishScript(commands: readonly Words[]): string {
  const lines = commands.flatMap(({ command, summary, words }) => [
    `complete -c meshquake -n __fish_use_subcommand -a ${command} -d '${summary}'`,
    ...words.map((word) => {
      const condition = `-n '__fish_seen_subcommand_from ${command}'`;
      const isOption = word.startsWith('--');
      return `complete -c meshquake ${condition} ${isOption ? `-l ${word.slice(2)}` : `-a ${word}`}`;
    }),
  ]);
  return `${lines.join('\n')}\n`;
}
