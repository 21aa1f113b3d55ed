/** The parts that learners are made of, in words, for the error of one that is missing. */
export const optimizerPart = { optimizer: "an optimizer, such as adam({ learningRate: 1e-3 })" };
export const modelPart = { model: "a layer, such as dense(2, 16)" };
export const modelsPart = { models: "layers by name, such as { net: dense(2, 16) }" };
export const environmentPart = { environment: "an environment, such as cartPole()" };
export const lossPart = { loss: "a function that makes a scalar, such as meanSquaredError" };
