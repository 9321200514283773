/** A publishing step that was not taken, and why. Nothing has been written, or nothing that counts. */
export class Refused extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'Refused';
  }
}
