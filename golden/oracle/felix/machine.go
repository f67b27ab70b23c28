package main

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/projectcalico/calico/felix/bpf/asm"
	"github.com/projectcalico/calico/felix/bpf/maps"
	"github.com/projectcalico/calico/felix/bpf/state"
)

// machine runs a policy program of Felix's eBPF dataplane without a kernel: the
// instructions that its builder writes, with the maps that they look into.
type machine struct {
	instructions asm.Insns
	sets         map[uint64]*ipSet
	v6           bool

	registers [11]uint64
	stack     [512]byte
	state     []byte
	context   [256]byte
}

// The maps of a program.
const (
	mapSets maps.FD = iota + 1
	mapState
	mapStatic
	mapPolicy
)

// Where memory is. A program has no other.
const (
	stackBase   = 0x1000
	stateBase   = 0x2000
	contextBase = 0x3000
)

// run runs the program on a packet, and gives what it made of it.
func (m *machine) run(s *state.State) (out state.State, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("a policy program left its memory: %v", r)
		}
	}()
	m.registers = [11]uint64{1: contextBase, 10: stackBase + uint64(len(m.stack))}
	m.state = s.AsBytes()
	// Jumps go forward only, so that a program ends.
	for at := 0; at < len(m.instructions); {
		next, err := m.step(at)
		if err != nil {
			return out, err
		}
		if next == done {
			return state.StateFromBytes(m.state), nil
		}
		if next <= at {
			return out, fmt.Errorf("a jump back from %d to %d", at, next)
		}
		at = next
	}
	return out, fmt.Errorf("the program has no end")
}

// done is what step gives where a program ends.
const done = -1

// step runs the instruction, and gives the next one.
func (m *machine) step(at int) (int, error) {
	i := m.instructions[at]
	dst, src, imm := &m.registers[i.Dst()], m.registers[i.Src()], i.Imm()
	switch i.OpCode() {
	case asm.Exit:
		return done, nil
	case asm.Call:
		return m.call(at, asm.Helper(imm))
	case asm.LoadImm64: // also of a map, whose file descriptor it is
		*dst = uint64(uint32(imm)) | uint64(uint32(m.instructions[at+1].Imm()))<<32
		return at + 2, nil
	case asm.Mov64:
		*dst = src
	case asm.MovImm64:
		*dst = uint64(int64(imm))
	case asm.MovImm32:
		*dst = uint64(uint32(imm))
	case asm.Add64:
		*dst += src
	case asm.AddImm64:
		*dst += uint64(int64(imm))
	case asm.And32:
		*dst = uint64(uint32(*dst) & uint32(src))
	case asm.AndImm64:
		*dst &= uint64(int64(imm))
	case asm.ShiftLImm64:
		*dst <<= uint(imm)
	case asm.LoadReg8, asm.LoadReg16, asm.LoadReg32, asm.LoadReg64:
		var b [8]byte
		copy(b[:], m.memory(src, i))
		*dst = binary.LittleEndian.Uint64(b[:])
	case asm.StoreReg8, asm.StoreReg16, asm.StoreReg32, asm.StoreReg64:
		copy(m.memory(*dst, i), binary.LittleEndian.AppendUint64(nil, src))
	default:
		taken, err := jumps(i, *dst)
		if taken {
			return at + 1 + int(i.Off()), err
		}
		return at + 1, err
	}
	return at + 1, nil
}

// jumps reports whether an instruction jumps, which tests a value.
func jumps(i asm.Insn, v uint64) (bool, error) {
	imm := uint64(int64(i.Imm()))
	switch i.OpCode() {
	case asm.JumpA:
		return true, nil
	case asm.JumpEqImm64:
		return v == imm, nil
	case asm.JumpNEImm64:
		return v != imm, nil
	case asm.JumpLTImm64:
		return v < imm, nil
	case asm.JumpLEImm64:
		return v <= imm, nil
	case asm.JumpGEImm64:
		return v >= imm, nil
	case asm.JumpEqImm32:
		return uint32(v) == uint32(imm), nil
	case asm.JumpNEImm32:
		return uint32(v) != uint32(imm), nil
	default: // that the builder does not write
		return false, fmt.Errorf("unknown instruction %v", i)
	}
}

// memory is what an instruction loads or stores.
func (m *machine) memory(base uint64, i asm.Insn) []byte {
	sizes := map[asm.OpCode]int{asm.MemOpSize8: 1, asm.MemOpSize16: 2, asm.MemOpSize32: 4, asm.MemOpSize64: 8}
	return m.bytes(base+uint64(int64(i.Off())), sizes[i.OpCode()&0b000_11_000])
}

// bytes is memory. It panics outside of what there is.
func (m *machine) bytes(at uint64, size int) []byte {
	region, base := m.stack[:], uint64(stackBase)
	switch {
	case at >= contextBase:
		region, base = m.context[:], contextBase
	case at >= stateBase:
		region, base = m.state, stateBase
	}
	return region[at-base:][:size:size]
}

// call calls a helper of the kernel's. A tail call ends the program: what comes
// after it is no part of the policy.
func (m *machine) call(at int, h asm.Helper) (int, error) {
	switch which := maps.FD(m.registers[1]); {
	case h == asm.HelperTailCall:
		return done, nil
	case h != asm.HelperMapLookupElem:
		return 0, fmt.Errorf("unknown helper %d", h)
	case which == mapState:
		m.registers[0] = stateBase
	case which == mapSets:
		m.registers[0] = 0
		if m.looksUp(m.registers[2]) {
			m.registers[0] = stackBase // anything but null
		}
	default:
		return 0, fmt.Errorf("unknown map %d", which)
	}
	return at + 1, nil
}

// looksUp looks an entry up in an IP set (felix/bpf/ipsets/map.go, IPSetEntry).
func (m *machine) looksUp(key uint64) bool {
	size := 4
	if m.v6 {
		size = 16
	}
	b := m.bytes(key, 4+8+size+4)
	s, ok := m.sets[binary.BigEndian.Uint64(b[4:])]
	address, _ := netip.AddrFromSlice(b[12 : 12+size])
	rest := b[12+size:]
	return ok && s.has(entry{address, rest[2], binary.LittleEndian.Uint16(rest)})
}
