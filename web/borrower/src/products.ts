// The products, read once a visit.

import type { Product } from "../../shared/bodies";
import type { Language } from "../../shared/language";
import { client } from "./state";

let known: Promise<Product[]> | null = null;

export function products(): Promise<Product[]> {
  known ??= client.read<Product[]>("/products").catch((error: unknown) => {
    known = null;
    throw error;
  });
  return known;
}

export function productName(all: Product[], code: string, language: Language): string {
  const product = all.find((one) => one.code === code);
  return product ? (language === "zh" ? product.name_zh : product.name_en) : code;
}
