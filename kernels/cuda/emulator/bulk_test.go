package emulator

import (
	"strings"
	"testing"
)

// bulkLoad begins a kernel in which one thread copies n bytes from global to shared memory. All
// threads read them after waiting on the mbarrier.
func bulkLoad(n string) string {
	return `
	.shared .align 128 .b32 s[64];
	.shared .align 8 .b64 b;
	setp.eq.u32 %p, %i, 0;
	@%p mbarrier.init.shared.b64 [b], 1;
	@%p fence.proxy.async;
	bar.sync 0;
	@!%p bra wait;
	mbarrier.arrive.expect_tx.shared.b64 _, [b], ` + n + `;
	cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [s], [src], ` + n + `, [b];
wait:
	mbarrier.try_wait.parity.shared.b64 %q, [b], 0;
	@!%q bra wait;
`
}

const bulkSource = ".global .align 128 .u32 src[64] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4, 6, 2, 6, 4, 3, 3, 8, 3, 2, 7, 9, 5};"

var bulkDigits = []uint32{3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4, 6, 2, 6, 4, 3, 3, 8, 3, 2, 7, 9, 5}

func TestBulkCopies(t *testing.T) {
	block := Dim3{64, 1, 1}
	digit := func(i uint32) uint32 {
		if i < 32 {
			return bulkDigits[i]
		}
		return 0
	}
	expectU32(t, "a bulk copy to shared memory", bulkSource, bulkLoad("256")+`
	mov.u64 %x, s; mad.wide.u32 %x, %i, 4, %x;
	ld.shared.u32 %j, [%x];
	st.global.u32 [%o], %j;
	ret;`, Dim3{}, block, digit)
	expectU32(t, "a pipeline of two buffers through four phases", bulkSource, `
	.shared .align 128 .b32 s[32];
	.shared .align 8 .b64 full[2];
	.reg .b32 %phase, %buf, %bar, %at;
	.reg .b64 %from;
	setp.eq.u32 %p, %i, 0;
	@%p mbarrier.init.shared.b64 [full], 1;
	@%p mbarrier.init.shared.b64 [full+8], 1;
	bar.sync 0;
	mov.u32 %n, 0;                       // n: the chunk that is read; two are in flight
	@!%p bra read;
	mbarrier.arrive.expect_tx.shared.b64 _, [full], 64;
	cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [s], [src], 64, [full];
	mbarrier.arrive.expect_tx.shared.b64 _, [full+8], 64;
	cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [s+64], [src+64], 64, [full+8];
read:
	and.b32 %buf, %n, 1;
	shr.u32 %phase, %n, 1;
	mov.u32 %bar, full;
	mad.lo.u32 %bar, %buf, 8, %bar;
wait:
	mbarrier.try_wait.parity.shared.b64 %q, [%bar], %phase;
	@!%q bra wait;
	mov.u32 %at, s;
	mad.lo.u32 %at, %buf, 64, %at;
	and.b32 %k, %i, 15;
	mad.lo.u32 %k, %k, 4, %at;
	ld.shared.u32 %l, [%k];
	mad.lo.u32 %j, %j, 10, %l;
	bar.sync 0;                          // all have read before the buffer is filled again
	setp.gt.u32 %s, %n, 1;
	@%s bra next;
	@!%p bra next;
	mbarrier.arrive.expect_tx.shared.b64 _, [%bar], 64;
	mov.u64 %from, src;
	mad.wide.u32 %from, %n, 64, %from;
	cp.async.bulk.shared::cta.global.mbarrier::complete_tx::bytes [%at], [%from+128], 64, [%bar];
next:
	add.u32 %n, %n, 1;
	setp.lt.u32 %s, %n, 4;
	@%s bra read;
	st.global.u32 [%o], %j;
	ret;`, Dim3{}, block, func(i uint32) uint32 {
		return digit(i&15)*1000 + digit(i&15+16)*100
	})
	expectU32(t, "bytes that come before they are expected, and complete_tx", "", `
	.shared .align 8 .b64 b;
	setp.eq.u32 %p, %i, 0;
	@!%p bra out;
	mbarrier.init.shared.b64 [b], 2;
	mbarrier.complete_tx.relaxed.cta.shared.b64 [b], 48;
	mbarrier.arrive.expect_tx.shared.b64 %x, [b], 64;
	mbarrier.expect_tx.relaxed.cta.shared.b64 [b], 16;
	mbarrier.arrive.shared.b64 %y, [b];
	mbarrier.test_wait.shared.b64 %q, [b], %y;
	selp.u32 %j, 1, 0, %q;                         // 32 bytes are missing
	mbarrier.complete_tx.relaxed.cta.shared.b64 [b], 32;
	mbarrier.test_wait.shared.b64 %q, [b], %x;
	@%q add.u32 %j, %j, 10;
	mbarrier.arrive.noComplete.shared.b64 %x, [b], 1;
	mbarrier.pending_count.b64 %k, %x;
	mad.lo.u32 %j, %k, 100, %j;
	mbarrier.arrive_drop.expect_tx.shared.b64 %x, [b], 0;
	mbarrier.arrive.shared.b64 %x, [b];            // alone now
	mbarrier.test_wait.shared.b64 %q, [b], %x;
	@%q add.u32 %j, %j, 1000;
	st.global.u32 [%o], %j;
out: ret;`, Dim3{}, block, func(i uint32) uint32 {
		if i == 0 {
			return 1210
		}
		return 0
	})
	expectU32(t, "bulk copies to global memory, by groups", bulkSource+".global .align 128 .b32 to[64];", bulkLoad("128")+`
	mov.u64 %x, s; mad.wide.u32 %x, %i, 4, %x;
	setp.ge.u32 %s, %i, 32;
	@%s bra store;
	ld.shared.u32 %j, [%x];
	add.u32 %j, %j, 1;
	st.shared.u32 [%x], %j;
store:
	fence.proxy.async.shared::cta;
	bar.sync 0;
	@!%p bra rest;
	cp.async.bulk.global.shared::cta.bulk_group [to], [s], 64;
	cp.async.bulk.commit_group;
	cp.async.bulk.global.shared::cta.bulk_group [to+64], [s+64], 64;
	cp.async.bulk.commit_group;
	cp.async.bulk.prefetch.L2.global [to], 64;
	cp.async.bulk.wait_group.read 1;
	st.shared.u32 [s], 99;                         // the first group has been read
	cp.async.bulk.wait_group 0;
rest:
	bar.sync 0;
	@%s bra out;
	mov.u64 %x, to; mad.wide.u32 %x, %i, 4, %x;
	ld.global.u32 %j, [%x];
	st.global.u32 [%o], %j;
out: ret;`, Dim3{}, block, func(i uint32) uint32 {
		if i < 32 {
			return digit(i) + 1
		}
		return 0
	})
	expectU32(t, "a bulk copy within shared memory, and st.async", "", `
	.shared .align 128 .b32 s[64];
	.shared .align 128 .b32 r[64];
	.shared .align 8 .b64 b;
	mov.u32 %k, s;
	mad.lo.u32 %k, %i, 4, %k;
	mul.lo.u32 %l, %i, 3;
	st.shared.u32 [%k], %l;
	setp.eq.u32 %p, %i, 0;
	@%p mbarrier.init.shared.b64 [b], 1;
	fence.proxy.async;
	bar.sync 0;
	@!%p bra wait;
	mbarrier.arrive.expect_tx.shared.b64 _, [b], 256;
	cp.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes [r], [s], 240, [b];
	st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.v4.b32 [r+240], {%i, %i, %i, %i}, [b];
wait:
	mbarrier.try_wait.parity.shared.b64 %q, [b], 0;
	@!%q bra wait;
	mov.u32 %k, r;
	mad.lo.u32 %k, %i, 4, %k;
	ld.shared.u32 %j, [%k];
	st.global.u32 [%o], %j;
	ret;`, Dim3{}, block, func(i uint32) uint32 {
		if i < 60 {
			return 3 * i
		}
		return 0
	})
	for body, want := range map[string]string{
		bulkLoad("24"): "expected a multiple of 16",
		strings.Replace(bulkLoad("64"), "_, [b], 64", "_, [b], 80", 1):                                                 "limit",
		"mbarrier.arrive.expect_tx.shared.b64 _, [b], 16;":                                                             "no initialised mbarrier",
		"mbarrier.init.shared.b64 [b], 64;\nmbarrier.arrive.expect_tx.shared.b64 _, [b], 2000000;":                     "more than 1048575 bytes",
		"mbarrier.init.shared.b64 [b], 64;\nagain: mbarrier.complete_tx.shared.b64 [b], 1000000;\nbra again;":          "too early",
		"mbarrier.init.shared.b64 [b], 1;\nmbarrier.arrive.noComplete.shared.b64 %x, [b], 1;":                          "ends the phase",
		"cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [s+8], [src], 16, [b];":                     "not a multiple of 16",
		"cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster [s], [src], 16, [b], 3;": "one block",
	} {
		if !strings.Contains(body, ".shared .align") {
			body = ".shared .align 128 .b32 s[64];\n.shared .align 8 .b64 b;\nsetp.ne.u32 %p, %i, 0;\n@%p exit;\n" + body
		}
		if _, err := runU32(t, Options{Instructions: 100000}, bulkSource, body+"\nret;", Dim3{}, block); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, expected %q", body, err, want)
		}
	}
}
