//go:build !purego

package avx

import "golang.org/x/sys/cpu"

// buildNote ends the sentence about a build without assembly.
const buildNote = ""

// instructionSets are the tables of kernels, fastest first. Each needs exactly the extensions that
// its kernels use.
var instructionSets = []*instructionSet{
	{
		name: "avx512",
		needs: []feature{
			{"AVX512F", cpu.X86.HasAVX512F},   // registers of 16 floats, masks
			{"AVX512DQ", cpu.X86.HasAVX512DQ}, // float logic
			{"AVX512BW", cpu.X86.HasAVX512BW}, // vectors of bytes and words
			{"AVX512VL", cpu.X86.HasAVX512VL}, // masks on shorter registers
			{"AVX2", cpu.X86.HasAVX2},
			{"FMA", cpu.X86.HasFMA},
			{"BMI1", cpu.X86.HasBMI1},     // iterating over set bits
			{"BMI2", cpu.X86.HasBMI2},     // masks for tails
			{"POPCNT", cpu.X86.HasPOPCNT}, // counting nonzeros
		},
		tiles: tiles{
			height: 8, lanes: 16, masked: true, copyTiles: copy_tiles_8_f32_avx2, transpose8: transpose_8_f32_avx2, transposeColumns: transpose_f32_avx2,
			width: []func(*strip){matmul_8x16_f32_avx512, matmul_8x32_f32_avx512, matmul_8x48_f32_avx512},
		},
		zeros: zeroKernels{
			finite_f32: finite_f32_avx512, add_sums_f32: add_sums_f32_avx512,
			rows: rowKernels{
				single: singleAVX512, either: eitherAVX512, both: bothAVX512[:4],
				singleCost: 130, eitherCost: 100, bothCost: 115, changeCost: 60,
				nonzero_bits_f32: nonzero_bits_f32_avx512,
			},
			columns: columnKernels{
				single: singleAVX512, both: bothAVX512,
				singleCost: 115, pairCost: 135, pairNearCost: 104, partCost: 750,
				mark_nonzeros_f32: mark_nonzeros_f32_avx512, fetch_rest: fetch_rest,
			},
			adam: adamKernels{matmul_adam_2x128_f32_avx512, least_exponent_f32_avx512, mark_least_f32_avx512},
		},
		sampled: sampledKernels{fixed: 18, open: 124, sampled_matmul_f32: sampled_matmul_f32_avx512, positive_f32: positive_f32_avx512},
		pooling: poolingKernels{
			max_pool_fwd_f32: max_pool_fwd_f32_avx512, max_pool_bwd_f32: max_pool_bwd_f32_avx512,
			max_pool_2x2_fwd_f32: max_pool_2x2_fwd_f32_avx512, max_pool_2x2_bwd_f32: max_pool_2x2_bwd_f32_avx512,
			avg_pool_fwd_f32: avg_pool_fwd_f32_avx512, avg_pool_bwd_f32: avg_pool_bwd_f32_avx512,
		},
		winograd: []winogradKernels{
			{16, winograd_input_f32_avx512, winograd_output_f32_avx512, winograd_output_pool_f32_avx512, winograd_gradient_f32_avx512, winograd_input_gradient_f32_avx512},
			{8, winograd_input_f32_avx2, winograd_output_f32_avx2, nil, winograd_gradient_f32_avx2, winograd_input_gradient_f32_avx2},
		},
		planes: planeKernels{
			height: 8, columns: 32, winograd_product_f32: winograd_product_f32_avx512,
			winograd_filter_f32: winograd_filter_f32_avx512, winograd_filter_gradient_f32: winograd_filter_gradient_f32_avx512,
		},
		filter: []filterKernel{{9, conv_grad_filter_9x32_f32_avx512}, {13, conv_grad_filter_13x32_f32_avx512}},
		convPool: convPoolKernels{
			tileFilters: 32, tileMasked: true, leastFilters: 8, conv_pool_fwd_f32: conv_pool_fwd_f32_avx512, nonzero_rows_f32: nonzero_rows_f32_avx2,
			filters: 32, conv_pool_grad_filter_3_f32: conv_pool_grad_filter_3_f32_avx512, conv_pool_grad_filter_5_f32: conv_pool_grad_filter_5_f32_avx512,
			conv_pool_places_f32: conv_pool_places_f32_avx512, conv_pool_quads_f32: conv_pool_quads_f32_avx2,
		},
		sparse: sparseAVX512,
		peak:   peakKernels{fma: peak_fma_avx512, fmaFLOP: 24 * 16 * 2, copy: peak_copy_avx512},
		vector: vectorAVX512,
		classes: classKernels{
			softmax_cross_entropy_classes_fwd_f32: softmax_cross_entropy_classes_fwd_f32_avx512,
			softmax_cross_entropy_classes_bwd_f32: softmax_cross_entropy_classes_bwd_f32_avx512,
			argmax_classes_f32:                    argmax_classes_f32_avx512,
		},
	},
	{
		name: "avx2",
		needs: []feature{
			{"AVX2", cpu.X86.HasAVX2},
			{"FMA", cpu.X86.HasFMA},
			{"POPCNT", cpu.X86.HasPOPCNT},
			{"BMI1", cpu.X86.HasBMI1},
		},
		tiles: tiles{
			height: 6, lanes: 8, copyTiles: copy_tiles_6_f32_avx2, transpose8: transpose_8_f32_avx2, transposeColumns: transpose_f32_avx2,
			width: []func(*strip){matmul_6x8_f32_avx2, matmul_6x16_f32_avx2},
		},
		zeros: zeroKernels{
			finite_f32: finite_f32_avx2, add_sums_f32: add_sums_f32_avx2,
			rows: rowKernels{
				single: singleAVX2, both: bothAVX2,
				singleCost: 140, bothCost: 120,
				nonzero_bits_f32: nonzero_bits_f32_avx2,
			},
			columns: columnKernels{
				single: singleAVX2, both: bothAVX2,
				singleCost: 140, pairCost: 175, pairNearCost: 125, partCost: 750,
				mark_nonzeros_f32: mark_nonzeros_f32_avx2, fetch_rest: fetch_rest,
			},
		},
		sampled: sampledKernels{fixed: 27, open: 190, sampled_matmul_f32: sampled_matmul_f32_avx2, positive_f32: positive_f32_avx2},
		pooling: poolingKernels{
			max_pool_fwd_f32: max_pool_fwd_f32_avx2, max_pool_bwd_f32: max_pool_bwd_f32_avx2,
			max_pool_2x2_fwd_f32: max_pool_2x2_fwd_f32_avx2, max_pool_2x2_bwd_f32: max_pool_2x2_bwd_f32_avx2,
			avg_pool_fwd_f32: avg_pool_fwd_f32_avx2, avg_pool_bwd_f32: avg_pool_bwd_f32_avx2,
		},
		winograd: []winogradKernels{
			{8, winograd_input_f32_avx2, winograd_output_f32_avx2, nil, winograd_gradient_f32_avx2, winograd_input_gradient_f32_avx2},
		},
		planes: planeKernels{
			height: 6, columns: 16, winograd_product_f32: winograd_product_f32_avx2,
			winograd_filter_f32: winograd_filter_f32_avx2, winograd_filter_gradient_f32: winograd_filter_gradient_f32_avx2,
		},
		convPool: convPoolKernels{
			tileFilters: 16, leastFilters: 16, conv_pool_fwd_f32: conv_pool_fwd_f32_avx2, nonzero_rows_f32: nonzero_rows_f32_avx2,
			filters: 16, conv_pool_grad_filter_3_f32: conv_pool_grad_filter_3_f32_avx2, conv_pool_grad_filter_5_f32: conv_pool_grad_filter_5_f32_avx2,
			conv_pool_places_f32: conv_pool_places_f32_avx2, conv_pool_quads_f32: conv_pool_quads_f32_avx2,
		},
		sparse: sparseAVX2,
		peak:   peakKernels{fma: peak_fma_avx2, fmaFLOP: 12 * 8 * 2, copy: peak_copy_avx2},
		vector: vectorAVX2,
		classes: classKernels{
			softmax_cross_entropy_classes_fwd_f32: softmax_cross_entropy_classes_fwd_f32_avx2,
			softmax_cross_entropy_classes_bwd_f32: softmax_cross_entropy_classes_bwd_f32_avx2,
			argmax_classes_f32:                    argmax_classes_f32_avx2,
		},
	},
}
