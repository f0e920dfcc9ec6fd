package cuda

import "testing"

// No multiprocessor is idle while others have much to do: if a product has fewer blocks than an
// H100 has multiprocessors, K is cut until a block of the chosen kernel has at most 128 of it. The
// parts are whole steps, none is empty, and a product of many tiles is not cut.
func TestShare(t *testing.T) {
	shapes := [][3]int{ // the tutorials' products, forward and backward, and squares
		{1000, 32, 784}, {784, 32, 1000}, {1000, 10, 32}, {32, 10, 1000}, {128, 128, 784}, {784, 128, 128}, {32, 128, 784},
		{200, 784, 784}, {784, 784, 200}, {200, 10, 784}, {128, 128, 9216}, {9216, 128, 128}, {128, 9216, 128}, {512, 1, 20},
		{256, 256, 256}, {1024, 1024, 1024}, {4096, 4096, 4096}, {3, 5, 0}, {33, 12, 5000},
	}
	d := &Device{}
	d.info.Compute = [2]int{9, 0}
	for i := range ladder {
		r := &ladder[i]
		for _, s := range shapes {
			m, n, k := s[0], s[1], s[2]
			share := r.share(m, n, k)
			tiles := ceilDiv(m, r.bm) * ceilDiv(n, r.bn)
			parts := max(1, ceilDiv(k, share))
			if share != max(k, 1) && (r.step == 0 || share%max(16, r.step) != 0 || share*(parts-1) >= k) {
				t.Errorf("%s, %v: %d parts of %d", r.name, s, parts, share)
			}
			if r.name == d.Picks(m, n, k) && r.step > 0 && tiles*parts < multiprocessors && share > 128 {
				t.Errorf("%s, %v: %d blocks, each with %d of K: there is room for more", r.name, s, tiles*parts, share)
			}
			if tiles >= 8*multiprocessors && parts > 1 {
				t.Errorf("%s, %v: %d tiles, and yet K in %d parts", r.name, s, tiles, parts)
			}
		}
	}
}
