package nn_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io/fs"
	"log"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing/fstest"

	"baregrad/autograd"
	"baregrad/kernels/reference"
	"baregrad/nn"
	"baregrad/nn/safetensors"
	"baregrad/tensor"
)

// A table of numbers with a row for each example; the last column is the class. A Normalization
// layer, adapted to the table, brings its columns to mean 0 and variance 1, and is saved with the
// model. (Of a part kept for testing, nothing goes into Adapt.)
func Example_csv() {
	const file = `length,width,class
1.0,0.2,0
5.0,1.8,1
1.4,0.3,0
4.6,1.5,1
1.2,0.1,0
5.2,2.0,1
`
	rows, err := csv.NewReader(strings.NewReader(file)).ReadAll() // for your own file: os.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	var values []float32
	var classes []int32
	for _, row := range rows[1:] { // the first row has the names of the columns
		for i, text := range row {
			v, err := strconv.ParseFloat(text, 32)
			if err != nil {
				log.Fatal(err)
			}
			if i < len(row)-1 {
				values = append(values, float32(v))
			} else {
				classes = append(classes, int32(v))
			}
		}
	}
	n, columns := len(classes), len(rows[0])-1

	d := reference.New()
	x, y := tensor.From(d, values, n, columns), tensor.From(d, classes, n)
	normal := &nn.Normalization{InputShape: []int{columns}}
	if err := normal.Adapt(x); err != nil {
		log.Fatal(err)
	}
	model := nn.NewSequential(d, nn.Seed(1), normal, &nn.Dense{Units: 2, Activation: nn.Softmax})
	if err := model.Compile(nn.CompileOptions{
		Optimizer: nn.Adam{LearningRate: 0.1}, Loss: nn.SparseCategoricalCrossentropy{},
	}); err != nil {
		log.Fatal(err)
	}
	if _, err := model.Fit(context.Background(), x, y, nn.FitOptions{Epochs: 50, Verbose: nn.Silent}); err != nil {
		log.Fatal(err)
	}

	unseen := tensor.From(d, []float32{4.9, 1.7, 1.1, 0.2}, 2, columns) // two rows
	found, err := model.PredictClasses(context.Background(), unseen, nn.EvaluateOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(x.Shape(), found)
	// Output: [6 2] [1 0]
}

// readPictures reads a folder with one subfolder for each class, like
// keras.utils.image_dataset_from_directory. It returns the pictures, all of one size, as RGB
// bytes [n, height, width, 3]. (Importing Go's image/jpeg makes image.Decode read JPEG too.)
func readPictures(folder fs.FS) (pixels []uint8, labels []int32, classes []string, size image.Point, err error) {
	paths, err := fs.Glob(folder, "*/*.png") // sorted, so the classes are too
	if err != nil {
		return nil, nil, nil, size, err
	}
	for _, p := range paths {
		file, err := folder.Open(p)
		if err != nil {
			return nil, nil, nil, size, err
		}
		img, _, err := image.Decode(file)
		file.Close()
		if err != nil {
			return nil, nil, nil, size, fmt.Errorf("%s: %w", p, err)
		}
		box := img.Bounds()
		if len(labels) > 0 && box.Size() != size {
			return nil, nil, nil, size, fmt.Errorf("%s is %v pixels, the pictures before it %v", p, box.Size(), size)
		}
		size = box.Size()
		for y := box.Min.Y; y < box.Max.Y; y++ {
			for x := box.Min.X; x < box.Max.X; x++ {
				r, g, b, _ := img.At(x, y).RGBA() // 16 bits each
				pixels = append(pixels, uint8(r>>8), uint8(g>>8), uint8(b>>8))
			}
		}
		if class := path.Dir(p); !slices.Contains(classes, class) {
			classes = append(classes, class)
		}
		labels = append(labels, int32(len(classes)-1))
	}
	return pixels, labels, classes, size, nil
}

// Your own pictures, in colour. uint8 pixels are copied to the device unchanged; Fit and
// Predict scale them to 0–1.
func Example_pictures() {
	folder := fstest.MapFS{} // for your own: os.DirFS("pictures")
	for class, c := range map[string]color.RGBA{"grass": {30, 160, 40, 255}, "sky": {90, 150, 250, 255}} {
		for i := range 4 {
			img := image.NewRGBA(image.Rect(0, 0, 8, 6))
			for p := range 8 * 6 {
				img.SetRGBA(p%8, p/8, color.RGBA{c.R + uint8(5*i), c.G, c.B - uint8(p%8), 255})
			}
			var file bytes.Buffer
			if err := png.Encode(&file, img); err != nil {
				log.Fatal(err)
			}
			folder[fmt.Sprintf("%s/%d.png", class, i)] = &fstest.MapFile{Data: file.Bytes()}
		}
	}

	pixels, labels, classes, size, err := readPictures(folder)
	if err != nil {
		log.Fatal(err)
	}
	d, n := reference.New(), len(labels)
	x, y := tensor.From(d, pixels, n, size.Y, size.X, 3), tensor.From(d, labels, n)

	model := nn.NewSequential(d, nn.Seed(1),
		&nn.Conv2D{Filters: 4, Kernel: [2]int{3, 3}, Activation: nn.ReLU, InputShape: []int{size.Y, size.X, 3}},
		&nn.Flatten{},
		&nn.Dense{Units: len(classes), Activation: nn.Softmax})
	if err := model.Compile(nn.CompileOptions{Optimizer: nn.Adam{LearningRate: 0.01}, Loss: nn.SparseCategoricalCrossentropy{}}); err != nil {
		log.Fatal(err)
	}
	if _, err := model.Fit(context.Background(), x, y, nn.FitOptions{Epochs: 30, Verbose: nn.Silent}); err != nil {
		log.Fatal(err)
	}
	found, err := model.PredictClasses(context.Background(), x.Slice(n-1, n), nn.EvaluateOptions{}) // one picture is a batch of 1
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(x.Shape(), classes, "the last is", classes[found[0]])
	// Output: [8 6 8 3] [grass sky] the last is sky
}

// Weights saved by PyTorch with safetensors.torch.save_file(model.state_dict(), …). PyTorch
// stores a Linear's weights as [out, in] and a Conv2d's as [out, in, KH, KW]. Here they are
// [in, out] and [KH, KW, in, out]. Biases are the same. (A Linear after a flattened image
// orders its inputs channel by channel: Reshape its [out, C·H·W] to [out, C, H, W] and
// Transpose that to [H, W, C, out].)
func Example_weightsFromPyTorch() {
	var saved bytes.Buffer // for your own file: os.ReadFile(path)
	if err := safetensors.Write(&saved, safetensors.File{Tensors: []safetensors.Tensor{
		safetensors.FromFloats("0.weight", []float32{1, 2, 3, 4, 5, 6}, 2, 3),
		safetensors.FromFloats("0.bias", []float32{10, 20}, 2),
	}}); err != nil {
		log.Fatal(err)
	}

	d := reference.New()
	model := nn.NewSequential(d, nil, &nn.Dense{Units: 2, InputShape: []int{3}})
	names := map[string]string{"0.weight": "dense/kernel", "0.bias": "dense/bias"} // PyTorch's names and ours
	orders := map[int][]int{1: {0}, 2: {1, 0}, 4: {2, 3, 1, 0}}                    // of the axes, by their number

	file, err := safetensors.Parse(saved.Bytes())
	if err != nil {
		log.Fatal(err)
	}
	tape := autograd.NewForwardTape(d)
	for _, t := range file.Tensors {
		values, err := t.Floats()
		if err != nil {
			log.Fatal(err)
		}
		turned := tape.Transpose(autograd.NewConst(tensor.From(d, values, t.Shape...)), orders[len(t.Shape)]...)
		if err := model.SetWeights(names[t.Name], turned.Value.Floats()); err != nil {
			log.Fatal(err)
		}
	}
	y, err := model.Predict(context.Background(), tensor.From(d, []float32{1, 1, 1}, 1, 3), nn.EvaluateOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(model.Weights("dense/kernel"))
	fmt.Println(y)
	// Output:
	// [[1. 4.]
	//  [2. 5.]
	//  [3. 6.]]
	// [[16. 35.]]
}

// Transfer learning: a trained network, which may come from Load, gets a new last layer. The
// other layers keep their weights and are frozen. (In Keras: pop, trainable = False, add.)
func Example_transfer() {
	ctx := context.Background()
	x, y := xor()
	model := xorModel(x,
		&nn.Dense{Units: 8, Activation: nn.Tanh, InputShape: []int{2}},
		&nn.Dense{Units: 1, Activation: nn.Sigmoid})
	if _, err := model.Fit(ctx, x, y, nn.FitOptions{Epochs: 100, Verbose: nn.Silent}); err != nil {
		log.Fatal(err)
	}

	model.Pop()
	for _, l := range model.Layers() {
		if err := model.SetTrainable(l.Name, false); err != nil {
			log.Fatal(err)
		}
	}
	model.Add(&nn.Dense{Units: 2, Activation: nn.Softmax})
	if err := model.Compile(nn.CompileOptions{Optimizer: nn.Adam{LearningRate: 0.1}, Loss: nn.SparseCategoricalCrossentropy{}}); err != nil {
		log.Fatal(err)
	}
	same := tensor.From(x.Device(), []int32{1, 0, 0, 1}, 4) // whether both are equal
	if _, err := model.Fit(ctx, x, same, nn.FitOptions{Epochs: 50, Verbose: nn.Silent}); err != nil {
		log.Fatal(err)
	}
	classes, err := model.PredictClasses(ctx, x, nn.EvaluateOptions{})
	if err != nil {
		log.Fatal(err)
	}
	trainable, all := model.ParamCount()
	fmt.Println(classes, "by training", trainable, "of", all, "numbers")
	// Output: [1 0 0 1] by training 18 of 42 numbers
}
