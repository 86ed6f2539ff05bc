// SPDX-License-Identifier: LGPL-3.0-or-later

const LONGEST_SIDE = 1600;
const QUALITY = 0.75;

/** A photo made small enough for a bad connection; base64 of a JPEG, turned the right way up. */
export async function shrunk(file) {
    const picture = await createImageBitmap(file, {imageOrientation: "from-image"});
    const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    return canvas.toDataURL("image/jpeg", QUALITY).split(",")[1];
}
