package media

import (
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// diesWithUs has the kernel end a process when this one is killed.
func diesWithUs(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

// limitCores keeps a process and the threads that it will make on n cores, behind everything else.
func limitCores(pid, n int) {
	var all, some unix.CPUSet
	if unix.SchedGetaffinity(0, &all) != nil || all.Count() <= n {
		n = 0 // there are no more than it may use
	}
	for cpu := len(all)*64 - 1; cpu >= 0 && some.Count() < n; cpu-- {
		if all.IsSet(cpu) {
			some.Set(cpu)
		}
	}
	if n > 0 {
		_ = unix.SchedSetaffinity(pid, &some)
	}
	_ = unix.Setpriority(unix.PRIO_PROCESS, pid, 10)
}
