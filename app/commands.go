package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/joho/godotenv"
	"github.com/redis/go-redis/v9"
	"github.com/urfave/cli/v3"

	"mstm/shop"
)

// Main runs the command line of this process and exits: 0 where all went well, and else 1, with the reason
// as the last line of the log.
func Main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	log, flush := StartLog(os.Stderr)
	code := 0
	if err := (Program{Log: log, Out: os.Stdout, Banner: terminal(os.Stderr), ReadEnv: loadEnvFile, Settings: ReadSettings}).Run(ctx, os.Args[1:]); err != nil {
		log.Error("mstm ends", "err", err)
		code = 1
	}
	flush()
	os.Exit(code)
}

// StartLog makes the log of the whole process, libraries included: JSON lines to w, which is never waited for.
// flush waits until what was logged before is written, for two seconds at most.
func StartLog(w io.Writer) (log *slog.Logger, flush func()) {
	signal.Ignore(syscall.SIGPIPE) // a reader of the log that is gone must not end the shop
	log, lines := newLog(w)
	slog.SetDefault(log) // what net/http and other libraries print must not wait for a reader either
	redis.SetLogger(redisLog{log})
	return log, lines.flush
}

// redisLog logs the lines of go-redis, one for each failed connection, at debug level: an outage of Redis has one
// line of the store's.
type redisLog struct{ *slog.Logger }

func (l redisLog) Printf(ctx context.Context, format string, v ...any) {
	l.DebugContext(ctx, "redis", "says", fmt.Sprintf(format, v...))
}

// loadEnvFile reads the file .env, where there is one, into the environment.
func loadEnvFile() error {
	if err := godotenv.Load(); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("read .env: %w", err)
	}
	return nil
}

// A Program is the command line: serve, check, check-wechat, doctor, backup, restore, grant and sandbox.
type Program struct {
	ReadEnv  func() error             // optional: completes the environment before a command
	Settings func() (Settings, error) // read once a command needs them
	Log      *slog.Logger
	Out      io.Writer // takes what a command prints
	Banner   io.Writer // optional: see App
}

// Run runs the command that args name; none serves.
func (p Program) Run(ctx context.Context, args []string) error {
	return p.commands().Run(ctx, append([]string{"mstm"}, args...))
}

func (p Program) commands() *cli.Command {
	return &cli.Command{
		Name: "mstm", Usage: "a shop that sells courses", Version: version(),
		Description: "Without a command it serves. Settings come from the environment and the file .env; .env.example explains each.",
		Writer:      p.Out, ErrWriter: p.Out,
		EnableShellCompletion:           true,
		ConfigureShellCompletionCommand: func(c *cli.Command) { c.Hidden = false },
		ExitErrHandler:                  func(context.Context, *cli.Command, error) {}, // Main exits, once the log is written
		Before:                          p.readEnv,
		Action:                          p.alone(p.serve),
		Commands: []*cli.Command{
			{Name: "serve", Usage: "serve the shop until a signal comes; this is what mstm does without a command", Action: p.alone(p.serve)},
			{Name: "check", Usage: "hold the data against the invariants and print what breaks them", Action: p.alone(func(ctx context.Context, cfg Settings) error {
				return check(ctx, cfg, p.Log, p.Out)
			})},
			{Name: "check-wechat", Usage: "try the WeChat Pay settings out and name the one that is wrong", Action: p.alone(func(ctx context.Context, cfg Settings) error {
				return checkWeChat(ctx, cfg, p.Log, p.Out)
			})},
			{Name: "doctor", Usage: "look at settings, stores, clocks, disk, files and WeChat, and say what is wrong and what to do", HideHelpCommand: true,
				Description: "The shop may run, and may not; nothing is changed that lasts. It ends with 1 where something is wrong, and with 0 where nothing or only warnings are.",
				Flags:       []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print one JSON object"}}, Action: p.doctor},
			backupCommand(p), restoreCommand(p),
			{Name: "grant", Usage: "give an account roles beside those it has: " + shop.JoinRoles(shop.Roles(), ", "), ArgsUsage: "USERNAME ROLE...", HideHelpCommand: true, Action: p.grant},
			sandboxCommand(p.Log, p.Out),
		},
	}
}

func (p Program) readEnv(ctx context.Context, _ *cli.Command) (context.Context, error) {
	if p.ReadEnv == nil {
		return ctx, nil
	}
	return ctx, p.ReadEnv()
}

// version is the version that the program was built as, with the commit where it is known.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	text := cmp.Or(info.Main.Version, "(devel)")
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && !strings.Contains(text, s.Value[:min(12, len(s.Value))]) {
			text += " " + s.Value
		}
	}
	return text
}

// alone is the action of a command that takes settings and no arguments.
func (p Program) alone(run func(context.Context, Settings) error) cli.ActionFunc {
	return func(ctx context.Context, c *cli.Command) error {
		if c.Args().Present() {
			words := c.Args().Slice()
			if c.Root() != c {
				words = append([]string{c.Name}, words...)
			}
			return fmt.Errorf("no command %q; there are: %s", strings.Join(words, " "), strings.Join(commandNames(c.Root()), ", "))
		}
		cfg, err := p.Settings()
		if err != nil {
			return err
		}
		return run(ctx, cfg)
	}
}

func commandNames(root *cli.Command) (names []string) {
	for _, c := range root.VisibleCommands() {
		names = append(names, c.Name)
	}
	return names
}

func (p Program) serve(ctx context.Context, cfg Settings) error {
	return (&App{Settings: cfg, Log: p.Log, Banner: p.Banner}).Run(ctx)
}

// doctor takes settings that are refused, too: it names what is wrong with each.
func (p Program) doctor(ctx context.Context, c *cli.Command) error {
	if c.Args().Present() {
		return fmt.Errorf("doctor takes no %q", c.Args().First())
	}
	cfg, refused := p.Settings()
	return examine(ctx, cfg, refused, p.Log, p.Out, c.Bool("json"))
}

func (p Program) grant(ctx context.Context, c *cli.Command) error {
	cfg, err := p.Settings()
	if err != nil {
		return err
	}
	return grant(ctx, cfg, p.Log, c.Args().Slice(), p.Out)
}
