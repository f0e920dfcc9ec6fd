package mnist_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"log"
	"math/rand/v2"

	"baregrad/mnist"
)

func ExampleLoad() {
	data, err := mnist.Load(context.Background(), "mnist", mnist.Options{})
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range []mnist.Set{data.Train, data.Test} {
		fmt.Printf("(%d, %d, %d) (%d,)\n", s.N, s.Rows, s.Cols, len(s.Labels))
	}
	fmt.Println("the first digits:", data.Train.Labels[:5])
	// Output:
	// (60000, 28, 28) (60000,)
	// (10000, 28, 28) (10000,)
	// the first digits: [5 0 4 1 9]
}

// For an unknown name the error suggests a known one.
func ExampleLoad_unknown() {
	_, err := mnist.Load(context.Background(), "fasion", mnist.Options{})
	fmt.Println(err)
	// Output:
	// unknown data set "fasion": did you mean "fashion"? Known: mnist, digits, fashion, fashion-mnist
}

// Keras keeps its data sets in .npz files of this form.
func ExampleLoadNPZ() {
	data, err := mnist.LoadNPZ(context.Background(), "testdata/numpy/digits.npz")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(data.Train.N, "and", data.Test.N, "images of the classes", data.ClassNames)
	// Output:
	// 6 and 4 images of the classes [0 1 2 3 4 5]
}

func ExampleReadIDX() {
	var file bytes.Buffer
	if err := mnist.WriteIDX(&file, &mnist.IDX{Dims: []int{2, 3}, Data: []uint8{1, 2, 3, 4, 5, 6}}); err != nil {
		log.Fatal(err)
	}
	whole := bytes.Clone(file.Bytes())

	x, err := mnist.ReadIDX(&file, "six values")
	fmt.Println(x.Dims, x.Data, err)

	// For a truncated file the error says so.
	_, err = mnist.ReadIDX(bytes.NewReader(whole[:15]), "six values")
	fmt.Println(err)
	var bad *mnist.FormatError
	fmt.Println(errors.As(err, &bad))
	// Output:
	// [2 3] [1 2 3 4 5 6] <nil>
	// six values: length of the values: found 3 bytes after the header, expected 6, for 2×3
	// true
}

func ExampleWriteNPZ() {
	var file bytes.Buffer
	err := mnist.WriteNPZ(&file, map[string]*mnist.Array{
		"kernel": {Shape: []int{2, 2}, Data: []float32{.5, -1, 2, 0}},
		"step":   {Data: []int64{7}}, // a single number has no dimensions
	}, true)
	if err != nil {
		log.Fatal(err)
	}

	z, err := mnist.OpenNPZ(bytes.NewReader(file.Bytes()), int64(file.Len()), "weights.npz")
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range z.Names() {
		a, err := z.Read(name)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(name, a.DType(), a.Shape, a.Data)
	}
	// Output:
	// kernel <f4 [2 2] [0.5 -1 2 0]
	// step <i8 [] [7]
}

// NumPy can store Python objects, which run code when they are read. They are
// refused.
func ExampleReadNPYFile() {
	_, err := mnist.ReadNPYFile("testdata/numpy/refuse-object.npy")
	fmt.Println(err)
	// Output:
	// testdata/numpy/refuse-object.npy: type of the values: found "|O" (pickled Python objects, which could run any code), expected <f4, <f8, |u1, <i4 or <i8
}

func ExampleToCategorical() {
	rows, err := mnist.ToCategorical([]uint8{2, 0}, 3)
	fmt.Println(rows[:3], rows[3:], err)
	_, err = mnist.ToCategorical([]uint8{2, 5}, 3)
	fmt.Println(err)
	// Output:
	// [0 0 1] [1 0 0] <nil>
	// to categorical: label 1 is 5, expected 0 to 2
}

func ExampleSet_Batches() {
	data, err := mnist.Load(context.Background(), "mnist", mnist.Options{})
	if err != nil {
		log.Fatal(err)
	}
	train, validation, err := data.Train.Split(.1)
	if err != nil {
		log.Fatal(err)
	}
	train.Shuffle(rand.New(rand.NewPCG(1, 0)))
	batches := 0
	for _, batch := range train.Batches(128) {
		batches++
		_ = batch.Images // train on it
	}
	fmt.Println(train.N, "images in", batches, "batches;", validation.N, "to validate with")
	// Output:
	// 54000 images in 422 batches; 6000 to validate with
}

func ExampleAugmenter() {
	data, err := mnist.Load(context.Background(), "mnist", mnist.Options{})
	if err != nil {
		log.Fatal(err)
	}
	s := data.Train.Slice(0, 100)
	a := mnist.Augmenter{Shift: 2, Rotate: 10, Scale: .1, Alpha: 20, Sigma: 4}
	one := a.Set(s, rand.New(rand.NewPCG(1, 0)))
	two := a.Set(s, rand.New(rand.NewPCG(1, 0)))
	fmt.Println("like the original:", bytes.Equal(one.Images, s.Images))
	fmt.Println("like each other, from the same seed:", bytes.Equal(one.Images, two.Images))
	// Output:
	// like the original: false
	// like each other, from the same seed: true
}

// A terminal shows pictures in colour if DetectScreen finds that it can. Elsewhere they
// are plain text.
func ExampleScreen_Image() {
	data, err := mnist.Load(context.Background(), "mnist", mnist.Options{})
	if err != nil {
		log.Fatal(err)
	}
	screen := mnist.Screen{} // plain text, 80 columns
	fmt.Println("This is a", data.ClassNames[data.Test.Labels[0]])
	fmt.Print(screen.Image(data.Test.Image(0)[6*28:], 22, 28)) // without its empty top
	// Output:
	// This is a 7
	//       .---..
	//       +***#%%#%%%%%%#-
	//             . ....:@%:
	//                  -@@:
	//                 -@%.
	//                :%%.
	//               +@#.
	//             .%@+.
	//            -%@-
	//           -@@%:
	//           :==
}

func ExampleScreen_Prediction() {
	screen := mnist.Screen{Width: 50}
	bar := []uint8{
		0, 255, 0,
		0, 255, 0,
		0, 255, 0,
		0, 255, 0,
	}
	fmt.Print(screen.Prediction(bar, 4, 3, []float32{.02, .9, .08}, []string{"zero", "one", "seven"}, 1))
	// Output:
	// @    zero  #                              2.0 %
	//  @    one   #########################     90.0 % <
	//       seven ##                             8.0 %
}

func ExampleScreen_ConfusionMatrix() {
	counts := [][]int{
		{90, 8, 2},
		{0, 99, 1},
		{5, 0, 45},
	}
	fmt.Print(mnist.Screen{}.ConfusionMatrix(counts, []string{"Pullover", "Dress", "Coat"}))
	// Output:
	// true       predicted
	//               0    1    2 recall
	// 0 Pullover   90    8    2   90.0
	// 1 Dress       .   99    1   99.0
	// 2 Coat        5    .   45   90.0
	// precision  94.7 92.5 93.7
}

// A picture of a digit, from a camera or a drawing program, becomes one that a network
// trained on MNIST can read. FashionForm does the same for clothes.
func ExampleReadDigitFile() {
	img, err := mnist.ReadDigitFile("../docs/samples/digit.png")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(mnist.Screen{}.Image(img[4*28:], 24, 28)) // without its empty top
	// Output:
	//           .---======.
	//           =@#++++++=.
	//           *@:
	//           %@.
	//          .@%+***+:
	//           =*+---+@#:
	//                  .%%.
	//                   *@-
	//          :+-     -@%
	//          .+@#+++#@+.
	//             :===:
}

// A thick black bar, high up on a white sheet, becomes a 1 in MNIST's form.
func ExampleDigit() {
	sheet := image.NewGray(image.Rect(0, 0, 300, 400))
	for y := range 400 {
		for x := range 300 {
			level := uint8(255)
			if x >= 200 && x < 216 && y >= 20 && y < 120 {
				level = 0
			}
			sheet.SetGray(x, y, color.Gray{Y: level})
		}
	}
	img, err := mnist.Digit(sheet)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(img), "pixels")
	fmt.Print(mnist.Screen{}.Image(img[4*28:], 24, 28)) // without its empty top
	// Output:
	// 784 pixels
	//              -++-
	//              +@@+
	//              +@@+
	//              +@@+
	//              +@@+
	//              +@@+
	//              +@@+
	//              +@@+
	//              +@@+
	//              +@@+
	//              -++-
}
