package proc

import (
	"syscall"
	"unsafe"
)

// A job is a Windows job object: it holds a process and all that it starts from then on.
type job struct{ handle uintptr } // 0 if there is none

var (
	kernel32                  = syscall.NewLazyDLL("kernel32.dll")
	createJobObject           = kernel32.NewProc("CreateJobObjectW")
	assignProcessToJobObject  = kernel32.NewProc("AssignProcessToJobObject")
	terminateJobObject        = kernel32.NewProc("TerminateJobObject")
	queryInformationJobObject = kernel32.NewProc("QueryInformationJobObject")
)

// newJob puts a process into a job of its own.
func newJob(pid int) job {
	const processSetQuota, processTerminate = 0x0100, 0x0001
	process, err := syscall.OpenProcess(processSetQuota|processTerminate, false, uint32(pid))
	if err != nil {
		return job{}
	}
	defer syscall.CloseHandle(process)
	h, _, _ := createJobObject.Call(0, 0)
	if h == 0 {
		return job{}
	}
	if ok, _, _ := assignProcessToJobObject.Call(h, uintptr(process)); ok == 0 {
		syscall.CloseHandle(syscall.Handle(h))
		return job{}
	}
	return job{h}
}

// end ends all that is in the job, and reports whether it could.
func (j job) end() bool {
	if j.handle == 0 {
		return false
	}
	ok, _, _ := terminateJobObject.Call(j.handle, 1)
	return ok != 0
}

// alive reports whether there is any process in the job.
func (j job) alive() bool {
	if j.handle == 0 {
		return false
	}
	const basicAccountingInformation = 1
	var info struct {
		userTime, kernelTime, periodUserTime, periodKernelTime int64
		faults, total, active, terminated                      uint32
	}
	ok, _, _ := queryInformationJobObject.Call(j.handle, basicAccountingInformation,
		uintptr(unsafe.Pointer(&info)), unsafe.Sizeof(info), 0)
	return ok != 0 && info.active > 0
}

func (j job) close() {
	if j.handle != 0 {
		syscall.CloseHandle(syscall.Handle(j.handle))
	}
}
