/** Why a value cannot be used: what a `parse...` function returns instead of the value. */
export class Mistake {
  /** @param message continues a sentence that begins with the name of the field. */
  constructor(readonly message: string) {}
}
