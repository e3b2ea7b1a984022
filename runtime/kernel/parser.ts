/** The parser of WGSL, in a module of its own so that it can be loaded late, and without the rest of its package. */
export { WgslReflect } from 'wgsl_reflect/wgsl_reflect.module.js';
